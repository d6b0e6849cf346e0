// The freezer on real processes of a container, with cgroup v1 and v2.
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "tests/integration/criu/saved.hpp"

namespace cutline::test {
namespace {

struct Freezing : testing::TestWithParam<bool> {
  Container app = Saving::running({.command = {"/workload", "children", "2"}}, "child-1");
  cgroup::Freezer freezer = must(cgroup::Freezer::open(app.launcher(), GetParam()));

  void SetUp() override {
    for (const auto pid : must(app.freezer().pids())) must(freezer.add(pid));
  }
  // Nothing more is said, although there was time for it.
  [[nodiscard]] bool silent() {
    const auto before = app.out().text().size();
    return !app.out().wait([&](const std::string& text) { return text.size() > before; }, Deadline::after(Millis{60}));
  }
};

TEST_P(Freezing, NothingRunsWhileFrozenAndAllGoesOnAfterwards) {
  for (int round = 0; round < 20; ++round) {
    must(freezer.freeze(soon()));
    const auto before = app.out().text().size();
    if (round == 0) {
      EXPECT_TRUE(silent());
    }
    EXPECT_TRUE(must(freezer.frozen()));
    must(freezer.thaw());
    must(next_numbers(app, before, "child-1"));
    EXPECT_FALSE(must(freezer.frozen()));
  }
}

TEST_P(Freezing, AWatchdogThatOnlyHoldsTheDescriptorCanThaw) {
  const auto descriptor = must(freezer.state_fd());
  must(freezer.freeze(soon()));
  const auto before = app.out().text().size();
  must(write_all(descriptor.get(), freezer.thaw_word()));
  must(next_numbers(app, before, "child-0"));
}

TEST_P(Freezing, KillingEndsEveryProcessAndLeavesNoZombie) {
  const auto pids = must(freezer.pids());
  ASSERT_EQ(pids.size(), 4U);  // keeper, application, two children
  must(app.link().send(launcher::Hold{}));
  must(app.link().expect<launcher::Held>(soon()));
  must(freezer.kill_all(soon()));
  for (const auto pid : pids) EXPECT_NE(::kill(pid, 0), 0) << pid;
  EXPECT_TRUE(must(freezer.pids()).empty());
}

TEST_P(Freezing, ItIsFoundAgainByTheNextSidecar) {
  must(freezer.freeze(soon()));
  auto again = must(cgroup::Freezer::open(app.launcher(), GetParam()));
  EXPECT_TRUE(must(again.frozen()));
  must(again.thaw());
  EXPECT_FALSE(must(freezer.frozen()));
}

INSTANTIATE_TEST_SUITE_P(, Freezing, testing::Values(false, true),
                         [](const auto& given) { return given.param ? "WithCgroupV2" : "WithCgroupV1"; });

struct Watching : Saving {};

TEST_F(Watching, HowAProcessEndedIsKnownEvenIfSomebodyElseIsItsParent) {
  auto app = running({.command = {"/workload", "exit-on-file"}});
  auto watch = must(criu::ExitWatch::of(app.keeper()));  // the launcher's child
  EXPECT_FALSE(must(watch.poll()).has_value());
  must(replace_file(app.data() + "/exit", "7"));
  EXPECT_EQ(must(watch.wait(soon())), (criu::Exit{.code = 7}));
  EXPECT_EQ(must(watch.wait(soon())), (criu::Exit{.code = 7}));  // asked again
  EXPECT_EQ(must(app.wait_for_end(soon())), 7);
}

TEST_F(Watching, ASignalIsToldApartFromAnExitCode) {
  auto app = running({});
  const auto saved = must(save(runner, app));
  must(end_tree(app));
  const auto restored = must(put_back(runner, app, saved.images));
  auto watch = must(criu::ExitWatch::of(restored.root));
  (void)::kill(restored.root, SIGKILL);
  const auto exit = must(watch.wait(soon()));
  EXPECT_EQ(exit, (criu::Exit{.signal = SIGKILL}));
  EXPECT_EQ(exit.as_shell(), 137);
}

}  // namespace
}  // namespace cutline::test
