// The operator dies at any moment between reading, making a snapshot and writing the status; the clock jumps ahead;
// people suspend and delete.
#include <gtest/gtest.h>

#include "kube/timestamp.hpp"
#include "tests/property/protocol/holds.hpp"
#include "tests/simulation/operator/scheduled_world.hpp"

namespace cutline::test {
namespace {

using namespace std::chrono_literals;
using op::schedule::Timetable;

const std::vector<std::pair<std::string, std::string>> kSchedules{
    {"@every 7s", "UTC"},
    {"@every 90s", "UTC"},
    {"* * * * *", "UTC"},
    {"*/5 * * * *", "Europe/Berlin"},
    {"30 1-3 * * *", "Europe/Berlin"},  // the clock is changed in the night that is simulated
};

// Evenly, whatever size of input RapidCheck is at.
int pick(int from, int below) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, below)); }

struct Case {
  std::string expression, zone;
  bool replace = false;
  std::optional<int> deadline;
  [[nodiscard]] Json spec() const {
    Json out = {{"schedule", expression}, {"timeZone", zone}, {"concurrencyPolicy", replace ? "Replace" : "Forbid"}};
    if (deadline) out["startingDeadlineSeconds"] = *deadline;
    return out;
  }
};

Case random_case() {
  const auto [expression, zone] = *rc::gen::elementOf(kSchedules);
  Case out{expression, zone, *rc::gen::arbitrary<bool>(), std::nullopt};
  if (*rc::gen::arbitrary<bool>()) out.deadline = pick(1, 200);
  return out;
}

std::chrono::milliseconds random_time() {
  const auto longest = *rc::gen::element(500, 10'000, 100'000, 4'000'000);
  return std::chrono::milliseconds{pick(0, longest)};
}

class Play {
 public:
  explicit Play(const Case& c)
      : case_(c),
        world_(c.spec()),
        table_{op::schedule::parse(c.expression).value(), op::schedule::Zone::find(c.zone).value(), world_.made_at()},
        counts_from_(world_.made_at()) {}

  void step() {
    switch (pick(0, 9)) {
      case 0:
      case 1:
      case 2:
        world_.pass(random_time());
        break;
      case 3:
      case 4:
        world_.turn(pick(0, 4), *rc::gen::element(0ms, 300ms, 8'000ms));
        break;
      case 5:
        look();
        break;
      case 6:
        world_.end_snapshots();
        break;
      case 7:
        world_.delete_snapshots();
        break;
      case 8:
        suspend(pick(0, 3) == 0);
        break;
    }
    each_at_most_once();
  }

  // A turn in which nothing happens to the operator: what is due now is there afterwards, or somebody was told why not.
  void look() {
    const auto before = world_.creations().size();
    const bool busy = world_.running();
    world_.turn();
    const auto now = std::chrono::floor<std::chrono::seconds>(world_.now());
    if (world_.creations().size() > before + 1) RC_FAIL("more than one was made up for\n" + world_.story());
    if (world_.suspended() && world_.creations().size() > before) RC_FAIL("made while suspended\n" + world_.story());
    if (world_.suspended()) {
      rested_through_ = now;
      made_at_rest_ = world_.creations();
    }
    if (world_.suspended() ||
        std::exchange(toggled_, false)) {  // what was due before it was seen to go on is on nobody's account
      counts_from_ = accounted_ = now;
      return;
    }
    if (const auto due = table_.latest(counts_from_, now); due && !world_.creations().contains(*due)) {
      const bool in_time = !case_.deadline || world_.now() <= *due + std::chrono::seconds{*case_.deadline};
      const bool left_out = !case_.replace && (busy || world_.told_of(*due, "StillRunning"));
      if (in_time && !left_out)
        RC_FAIL(fmt::format("{} is due, in time, and was not made at {}\n{}", kube::rfc3339(*due), kube::rfc3339(now),
                            world_.story()));
    }
    everything_is_accounted_for(now);
  }

  void finish() {
    suspend(false);
    look();
    world_.end_snapshots();
    world_.pass(2h);
    world_.end_snapshots();
    look();
    each_at_most_once();
  }

 private:
  void suspend(bool suspended) {
    if (suspended == world_.suspended()) return;
    world_.suspend(suspended);
    toggled_ = true;
  }

  void each_at_most_once() const {
    for (const auto& [due, times] : world_.creations()) {
      if (times > 1) RC_FAIL(fmt::format("{} was made {} times\n{}", kube::rfc3339(due), times, world_.story()));
      if (due <= rested_through_ && !made_at_rest_.contains(due))
        RC_FAIL(fmt::format("{} fell due while suspended\n{}", kube::rfc3339(due), world_.story()));
      if (world_.told_of(due, "Missed"))
        RC_FAIL(fmt::format("{} was made, and told to be missed\n{}", kube::rfc3339(due), world_.story()));
      if (table_.next(due - 1s) != due) RC_FAIL(fmt::format("{} was not due\n{}", kube::rfc3339(due), world_.story()));
    }
  }

  // Every time that was due was made, or told of.
  void everything_is_accounted_for(Time now) {
    auto from = std::max(accounted_, counts_from_);
    int looked = 0;
    for (auto t = table_.next(from); t <= now && looked < 2000; t = table_.next(t), ++looked)
      if (!world_.creations().contains(t) && !world_.told_of(t))
        RC_FAIL(fmt::format("{} was neither made nor told of\n{}", kube::rfc3339(t), world_.story()));
    accounted_ = now;
  }

  Case case_;
  ScheduledWorld world_;
  Timetable table_;
  Time counts_from_;  // what is due up to here need not be made
  Time accounted_{};
  Time rested_through_{};             // the operator saw then that the schedule was suspended,
  std::map<Time, int> made_at_rest_;  // and this had been made
  bool toggled_ = false;              // suspended or resumed, and the operator has not looked through since
};

TEST(AnOperatorThatDiesAtAnyMoment, MakesEachDueSnapshotOnceAndForgetsNone) {
  holds(3000, [] {
    const auto c = random_case();
    Play play{c};
    const int steps = pick(5, 60);
    for (int i = 0; i < steps; ++i) play.step();
    play.finish();
    RC_TAG(c.expression);
  });
}

}  // namespace
}  // namespace cutline::test
