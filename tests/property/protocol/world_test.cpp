// Whatever goes wrong, in whatever order: no cut has an orphan or a loss, no gate outlives its deadline, no epoch goes
// back, a rollback is all or nothing, and when things go well again every round ends with every living gate open. The
// world itself looks after all of that.
#include "../../simulation/protocol/settings.hpp"
#include "holds.hpp"

namespace cutline::simulation {
namespace {

rc::Gen<std::vector<std::uint16_t>> choices() {
  return rc::gen::resize(
      800, rc::gen::container<std::vector<std::uint16_t>>(rc::gen::resize(100, rc::gen::arbitrary<std::uint16_t>())));
}

void all_is_well(const Faults& faults) {
  const auto pods = *rc::gen::inRange<std::size_t>(2, 6);
  World world({.pods = pods, .faults = faults, .rounds = {}, .lose = {}}, Choices(*choices()));
  world.run();
  if (!world.violations().empty()) RC_FAIL(told(world));
}

TEST(AnyWorld, KeepsItsPromisesWhateverGoesWrong) {
  holds(250, [] { all_is_well(everything()); });
}

TEST(AnyWorld, KeepsItsPromisesWhenPodsLeave) {
  holds(150, [] { all_is_well(and_pods_that_leave()); });
}

TEST(AnyWorld, KeepsItsPromisesWhenMessagesAreMostlyLateOrRepeated) {
  holds(150, [] { all_is_well({.loss = 2, .duplicate = 40, .late = 25, .overlap = 10}); });
}

TEST(AnyWorld, KeepsItsPromisesWhenEveryCoordinatorIsSucceededWhileItLives) {
  holds(150,
        [] { all_is_well({.late = 20, .failing_restore = 10, .coordinator_dies = 15, .coordinator_usurped = 40}); });
}

TEST(AnyWorld, KeepsItsPromisesWhenSidecarsDieAllTheTime) {
  holds(150, [] { all_is_well({.duplicate = 10, .failing_restore = 20, .sidecar_dies = 8}); });
}

}  // namespace
}  // namespace cutline::simulation
