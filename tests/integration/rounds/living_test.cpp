// What a keeper and its application are after a dump, with processes that stand for them.
#include "sidecar/rounds/living.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/fd.hpp"
#include "sidecar/cgroup/tasks.hpp"

namespace cutline::sidecar {
namespace {

using namespace std::chrono_literals;

// As long as the parent does, also if that has ended before this began.
[[noreturn]] void stay(pid_t parent) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  while (::getppid() == parent) ::pause();
  ::_exit(0);
}

// A keeper that stands still: it reaps nobody. With so many children.
struct Tree {
  explicit Tree(int children) {
    const auto self = ::getpid();
    keeper = ::fork();
    if (keeper != 0) return;
    const auto own = ::getpid();
    for (int i = 0; i < children; ++i)
      if (::fork() == 0) stay(own);
    stay(self);
  }
  Tree(const Tree&) = delete;
  ~Tree() {
    (void)::kill(keeper, SIGKILL);
    (void)::waitpid(keeper, nullptr, 0);
  }
  pid_t keeper = 0;
  [[nodiscard]] std::vector<Container> container() const { return {{.name = "app", .keeper = keeper}}; }
};

void eventually(const std::function<bool()>& condition, const char* what) {
  const auto deadline = Deadline::after(20s);
  while (!condition()) {
    ASSERT_FALSE(deadline.passed()) << what;
    (void)::poll(nullptr, 0, 1);
  }
}

bool is_zombie(pid_t pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  return stat && stat->find(") Z ") != std::string::npos;
}

TEST(ACheckpoint, OfAnApplicationThatLivesCounts) {
  const Tree tree{2};
  eventually([&] { return cgroup::children_of(tree.keeper).size() == 2; }, "two children");
  EXPECT_TRUE(all_live(tree.container()));
}

TEST(ACheckpoint, OfAnApplicationThatWasKilledMeanwhileIsNone) {
  const Tree tree{2};
  eventually([&] { return cgroup::children_of(tree.keeper).size() == 2; }, "two children");
  const auto application = cgroup::children_of(tree.keeper).front();
  ASSERT_EQ(::kill(application, SIGKILL), 0);
  eventually([&] { return is_zombie(application); }, "its end");
  const auto live = all_live(tree.container());
  ASSERT_FALSE(live);
  EXPECT_EQ(live.error().code, Code::Unavailable);
  EXPECT_NE(live.error().message.find("container app"), std::string::npos) << live.error().message;
}

TEST(ACheckpoint, WithADeadOrphanBesideTheApplicationCounts) {
  const Tree tree{2};
  eventually([&] { return cgroup::children_of(tree.keeper).size() == 2; }, "two children");
  const auto orphan = cgroup::children_of(tree.keeper).back();
  ASSERT_EQ(::kill(orphan, SIGKILL), 0);
  eventually([&] { return is_zombie(orphan); }, "its end");
  EXPECT_TRUE(all_live(tree.container()));
}

TEST(ACheckpoint, OfAKeeperWithoutAnApplicationIsNone) {
  const Tree tree{0};
  EXPECT_FALSE(all_live(tree.container()));
}

}  // namespace
}  // namespace cutline::sidecar
