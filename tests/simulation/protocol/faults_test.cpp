// One fault at each possible moment, and then all kinds of faults at random.
#include <gtest/gtest.h>

#include "settings.hpp"

namespace cutline::simulation {
namespace {

// A snapshot, a rollback to it, and a snapshot after that.
Setting three_rounds() { return {.pods = 3, .faults = {}, .rounds = {false, true, false}, .lose = {}}; }

World run(Setting setting, Choices choices = Choices({})) {
  World world(std::move(setting), std::move(choices));
  world.run();
  return world;
}

TEST(OneFault, TheCoordinatorDiesBeforeAnyEvent) {
  const auto events = run(three_rounds()).events();
  for (std::uint64_t event = 0; event < events; ++event) {
    auto setting = three_rounds();
    setting.coordinator_dies_at = event;
    ASSERT_EQ(told(run(setting)), "") << "at event " << event;
  }
}

TEST(OneFault, ASidecarDiesBeforeAnyEvent) {
  const auto events = run(three_rounds()).events();
  for (std::uint64_t event = 0; event < events; ++event) {
    for (std::size_t pod = 0; pod < 3; ++pod) {
      auto setting = three_rounds();
      setting.sidecar_dies_at = {event, pod};
      ASSERT_EQ(told(run(setting)), "") << "pod " << pod << " at event " << event;
    }
  }
}

TEST(OneFault, AnyTwoMessagesAreLost) {
  const auto messages = run(three_rounds()).messages();
  for (std::uint64_t first = 0; first < messages; ++first) {
    for (std::uint64_t second = first; second < messages; ++second) {
      auto setting = three_rounds();
      setting.lose = {first, second};
      ASSERT_EQ(told(run(setting)), "") << "messages " << first << " and " << second;
    }
  }
}

struct Tally {
  std::size_t committed = 0, failed = 0, rolled_back = 0, untouched = 0, held = 0;
  void add(const World& world) {
    committed += world.rounds(false, Stage::Committed);
    failed += world.rounds(false, Stage::Failed);
    rolled_back += world.rounds(true, Stage::Committed);
    untouched += world.rounds(true, Stage::Failed);
    held += world.rounds(true, Stage::Held);
  }
};

Tally visit(const Faults& faults, std::uint32_t seeds) {
  Tally tally;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    const auto world =
        run({.pods = 2 + seed % 4, .faults = faults, .rounds = {}, .lose = {}}, Choices::of_seed(seed, 3000));
    EXPECT_EQ(told(world), "") << "seed " << seed;
    if (!world.violations().empty()) break;
    tally.add(world);
  }
  return tally;
}

// Every way that a round can end is seen, or this test would say less than its name.
void expect_everything(const Tally& tally) {
  EXPECT_GT(tally.committed, 100U);
  EXPECT_GT(tally.failed, 100U);
  EXPECT_GT(tally.rolled_back, 50U);
  EXPECT_GT(tally.untouched, 50U);
  EXPECT_GT(tally.held, 0U);
  std::cout << fmt::format("snapshots: {} committed, {} failed; rollbacks: {} released, {} untouched, {} held\n",
                           tally.committed, tally.failed, tally.rolled_back, tally.untouched, tally.held);
}

TEST(ManyFaults, NeverMakeACutInconsistentNorARollbackPartial) { expect_everything(visit(everything(), 100)); }

TEST(ManyFaults, AlsoWhenPodsLeaveForGood) {
  const auto tally = visit(and_pods_that_leave(), 50);
  EXPECT_GT(tally.committed, 30U);
  EXPECT_GT(tally.failed, 50U);
}

// Around the deadline is where gates have opened and acknowledgements are still on their way.
TEST(ManyFaults, AlsoWhenManyMessagesAndAlarmsComeAroundTheDeadline) {
  const auto tally = visit({.late = 30, .latest = 160}, 60);
  EXPECT_GT(tally.committed, 30U);
  EXPECT_GT(tally.failed, 100U);
}

}  // namespace
}  // namespace cutline::simulation
