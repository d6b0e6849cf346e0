// Worlds in which all goes well.
#include <gtest/gtest.h>

#include "settings.hpp"

namespace cutline::simulation {
namespace {

World fair(std::vector<bool> rounds, std::size_t pods = 3) {
  World world({.pods = pods, .faults = {}, .rounds = std::move(rounds), .lose = {}}, Choices({}));
  world.run();
  return world;
}

TEST(AFairWorld, CommitsEverySnapshotAndEachIsConsistent) {
  for (const std::size_t pods : {2, 3, 5, 8}) {
    const auto world = fair({false, false, false}, pods);
    EXPECT_EQ(told(world), "");
    EXPECT_EQ(world.rounds(false, Stage::Committed), 3U);
  }
}

TEST(AFairWorld, RollsAllPodsBackAndGoesOn) {
  const auto world = fair({false, true, false, true, true});
  EXPECT_EQ(told(world), "");
  EXPECT_EQ(world.rounds(false, Stage::Committed), 2U);
  EXPECT_EQ(world.rounds(true, Stage::Committed), 3U);
}

// Without bytes on the wire at the cut the checks above would be worth nothing.
TEST(AFairWorld, HasMessagesInTransitAtItsCuts) {
  EXPECT_GT(fair({false, false, false, false}).bytes_in_transit(), 0U);
}

}  // namespace
}  // namespace cutline::simulation
