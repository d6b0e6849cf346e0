// "after a collection the line is the same for every possible set of later failures", now and after whatever happens
// next.
#include "protocol/collect.hpp"

#include "questions.hpp"

namespace cutline::protocol {
namespace {

using Records = std::vector<std::vector<LocalCheckpoint>>;

std::variant<Line, NoLine> line_after(const Traffic& traffic, const Records& records, std::size_t failed,
                                      const LineOptions& options) {
  std::vector<LinePod> pods;
  for (std::size_t pod = 0; pod < traffic.pods(); ++pod) {
    const bool lives = (failed >> pod) % 2 == 0;
    LinePod of{traffic.history(pod, lives), lives, {}};
    of.pod.history.checkpoints = records[pod];
    pods.push_back(std::move(of));
  }
  return recovery_line(pods, options);
}

void same_for_every_failure(const Traffic& traffic, const Records& all, const Records& kept,
                            const LineOptions& options) {
  for (std::size_t failed = 0; failed < (std::size_t{1} << traffic.pods()); ++failed) {
    const auto before = line_after(traffic, all, failed, options), after = line_after(traffic, kept, failed, options);
    RC_ASSERT(std::holds_alternative<Line>(before) == std::holds_alternative<Line>(after));
    if (const auto* line = std::get_if<Line>(&before)) {
      const auto& other = std::get<Line>(after);
      RC_ASSERT(line->points == other.points);
      RC_ASSERT(line->lost_bytes == other.lost_bytes);
      RC_ASSERT(line->close == other.close);
    }
  }
}

void nothing_needed_goes(const Habits& habits, Lost lost) {
  Traffic traffic(2 + any(3), habits, choices());
  const LineOptions options{lost, any(2) == 0};
  Records all(traffic.pods());
  for (int collections = 0; collections < 3; ++collections) {
    traffic.run(20 + any(60));
    std::vector<PodHistory> pods;
    Records kept;
    for (std::size_t pod = 0; pod < traffic.pods(); ++pod) {
      pods.push_back(traffic.history(pod));
      const auto seen = all[pod].empty() ? std::uint64_t{0} : value(all[pod].back().index);
      for (const auto& one : traffic.records(pod))
        if (value(one.index) > seen) all[pod].push_back(one);
    }
    RC_LOG() << traffic.told();
    for (std::size_t pod = 0; pod < traffic.pods(); ++pod) kept.push_back(traffic.records(pod));
    same_for_every_failure(traffic, all, kept, options);  // what was collected before
    const auto found = collect(pods, options);
    for (std::size_t pod = 0; pod < traffic.pods(); ++pod) traffic.keep(pod, kept[pod] = found.keep.at(pods[pod].uid));
    same_for_every_failure(traffic, all, kept, options);
    RC_CLASSIFY(!found.drops_nothing(), "collected");
  }
}

TEST(AnyCollection, LeavesEveryLineAsItWasWhenLossesAreAllowed) {
  holds(400, [] { nothing_needed_goes({.datagrams = true, .limit = 6}, Lost::Allow); });
  holds(400,
        [] { nothing_needed_goes({.services = true, .reuse = true, .checkpoints = 20, .limit = 6}, Lost::Allow); });
}

TEST(AnyCollection, LeavesEveryLineAsItWasWhenNothingMayBeLost) {
  holds(400, [] { nothing_needed_goes({.attempts = true, .datagrams = true, .limit = 6}, Lost::Forbid); });
  holds(400,
        [] { nothing_needed_goes({.services = true, .reuse = true, .checkpoints = 20, .limit = 6}, Lost::Forbid); });
}

TEST(AnyCollection, IsUseful) {
  std::size_t taken = 0, dropped = 0;
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    Traffic traffic(3, {.checkpoints = 6, .limit = 100}, simulation::Choices::of_seed(seed, 3000));
    traffic.run();
    std::vector<PodHistory> pods;
    for (std::size_t pod = 0; pod < 3; ++pod) {
      pods.push_back(traffic.history(pod));
      taken += traffic.records(pod).size();
    }
    for (const auto& [pod, gone] : collect(pods, {Lost::Allow, true}).drop) dropped += gone.size();
  }
  RecordProperty("taken", static_cast<int>(taken));
  RecordProperty("dropped", static_cast<int>(dropped));
  EXPECT_GT(taken, 500U);
  EXPECT_GT(dropped, taken / 2);
}

}  // namespace
}  // namespace cutline::protocol
