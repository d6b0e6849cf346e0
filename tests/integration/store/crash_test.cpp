// The process is ended at each of its system calls in turn; afterwards there is the old or the new, never a mix.
#include <gmock/gmock.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "sidecar/store/store.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Deadline soon() { return Deadline::after(20s); }

Status save_and_commit(const fs::path& root, Epoch epoch) {
  auto store = Store::open(root);
  if (!store) return tl::unexpected(store.error());
  auto draft = store->begin(epoch);
  if (!draft) return tl::unexpected(draft.error());
  const fs::path app = draft->container("app").value();
  write(app / "pages-1.img", "pages of " + std::to_string(value(epoch)));
  if (auto sealed = store->seal(*draft, {}); !sealed) return tl::unexpected(sealed.error());
  const auto committed = store->commit(epoch);
  return committed ? Status{} : tl::unexpected(committed.error());
}

// Runs `work` in a process that is killed when it stops for the n-th time at a system call. True: it came to its end
// before.
bool run_until(int stops, const std::function<Status()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    (void)::raise(SIGSTOP);
    ::_exit(work() ? 0 : 1);
  }
  int status = 0;
  (void)::waitpid(child, &status, 0);
  for (int i = 0; WIFSTOPPED(status); ++i) {
    if (i == stops) {
      (void)::kill(child, SIGKILL);
      (void)::waitpid(child, &status, 0);
      return false;
    }
    (void)::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    (void)::waitpid(child, &status, 0);
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return true;
}

TEST(Crash, LeavesTheOldOrTheNewCheckpointAtEverySystemCall) {
  const Temporary top;
  const auto root = top.path() / "cutline";
  ASSERT_TRUE(save_and_commit(root, Epoch{1}));
  const auto first = Store::open(root)->load(Epoch{1})->manifest.checkpoint.digest;
  int absent = 0;
  int present = 0;
  bool ended = false;
  for (int stops = 0; !ended; ++stops) {
    ASSERT_LT(stops, 2000);
    ended = run_until(stops, [&] { return save_and_commit(root, Epoch{2}); });
    const auto store = Store::open(root).value();
    const auto all = store.list().value();
    ASSERT_TRUE(store.verify(Epoch{1}, first, soon())) << "after " << stops;
    ASSERT_EQ(all.size(), all.contains(Epoch{2}) ? 2U : 1U);
    ASSERT_EQ(std::distance(fs::directory_iterator{root / "checkpoints"}, {}), static_cast<std::ptrdiff_t>(all.size()))
        << "leftovers stayed";
    if (!all.contains(Epoch{2})) {
      ++absent;
      continue;
    }
    ++present;
    const auto& second = all.at(Epoch{2});
    ASSERT_TRUE(second) << "after " << stops << ": " << second.error().message;
    const auto digest = store.commit(Epoch{2}).value();  // as the coordinator, who says it until it is answered
    ASSERT_TRUE(!second->committed || digest == second->manifest.checkpoint.digest) << "after " << stops;
    ASSERT_TRUE(store.verify(Epoch{2}, digest, soon())) << "after " << stops;
    ASSERT_EQ(second->manifest.checkpoint.index, CheckpointIndex{2});
    ASSERT_TRUE(store.discard(Epoch{2}));
    fs::remove(root / "last-index");  // so that each run begins alike
  }
  EXPECT_GT(absent, 10);
  EXPECT_GT(present, 10);
}

}  // namespace
}  // namespace cutline::store
