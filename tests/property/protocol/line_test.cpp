// The engine against the slow search, over all that pods may do to one another.
#include "questions.hpp"

namespace cutline::protocol {
namespace {

struct Question {
  std::vector<LinePod> pods;
  std::vector<std::vector<std::size_t>> allowed;  // points
  LineOptions options;
};

Question any_question(const Traffic& traffic, Lost lost) {
  Question out{{}, {}, {lost, any(2) == 0}};
  for (std::size_t pod = 0; pod < traffic.pods(); ++pod) {
    const auto saved = traffic.checkpoints(pod).size() - 1;
    const auto how = any(4);  // alive, alive, failed, asked to go back
    LinePod of{traffic.history(pod, how != 2), how != 2, {}};
    auto newest = saved + 1;
    if (how == 2) newest = saved;
    if (how == 3 && saved > 0) of.newest = CheckpointIndex{newest = 1 + any(saved)};
    if (how == 0 && any(6) == 0) {
      of.lives = false;  // its present is known, and does not count
      newest = saved;
    }
    out.pods.push_back(std::move(of));
    out.allowed.emplace_back();
    for (std::size_t at = out.options.allow_restart ? 0 : 1; at <= newest; ++at) out.allowed.back().push_back(at);
  }
  return out;
}

Point point(const Traffic& traffic, std::size_t pod, std::size_t at) {
  if (at == 0) return {};
  if (at == traffic.checkpoints(pod).size()) return {Point::Kind::Present, {}};
  return {Point::Kind::Checkpoint, CheckpointIndex{at}};
}

// "That list IS the domino effect": it leads from where each pod was to where the line has it, without a gap, and with
// a reason.
void moves_lead_there(const Question& question, const Line& line) {
  std::map<PodUid, Point> at;
  for (const auto& pod : question.pods) at[pod.pod.uid] = {Point::Kind::Present, {}};
  for (const auto& move : line.moves) {
    RC_ASSERT(at[move.who] == move.from);
    RC_ASSERT(move.to < move.from);
    at[move.who] = move.to;
    if (move.cause == Move::Cause::Failed || move.cause == Move::Cause::Asked) continue;
    RC_ASSERT(at[move.peer] == move.peer_at);
    RC_ASSERT(move.connections > 0U);
    RC_ASSERT((move.amount > 0) == (move.cause == Move::Cause::Orphan || move.cause == Move::Cause::Loss));
  }
  RC_ASSERT(at == line.points);
}

void same_line(const Habits& habits, Lost lost) {
  Traffic traffic(2 + any(4), habits, choices());
  traffic.run();
  const auto question = any_question(traffic, lost);
  const auto expected = slow_line(traffic, question.allowed, lost);
  const auto found = recovery_line(question.pods, question.options);
  RC_LOG() << traffic.told();
  RC_CLASSIFY(!expected.has_value(), "no line");
  RC_ASSERT(std::holds_alternative<Line>(found) == expected.has_value());
  if (!expected) return;
  const auto& line = std::get<Line>(found);
  RC_CLASSIFY(line.rounds > 1, "cascade");
  RC_CLASSIFY(line.domino_depth > 0, "domino");
  for (std::size_t pod = 0; pod < traffic.pods(); ++pod)
    RC_ASSERT(line.points.at(question.pods[pod].pod.uid) == point(traffic, pod, (*expected)[pod]));
  moves_lead_there(question, line);
  if (lost == Lost::Forbid) RC_ASSERT(line.lost_bytes + line.lost_connections == 0U);
}

constexpr int kCases = 1500;

TEST(AnyLine, IsTheLatestConsistentOneWhenNothingMayBeLost) {
  holds(kCases, [] { same_line({}, Lost::Forbid); });
}
TEST(AnyLine, IsTheLatestConsistentOneWhenLossesAreAllowed) {
  holds(kCases, [] { same_line({}, Lost::Allow); });
}
TEST(AnyLine, IsTheLatestConsistentOneThroughServicesAndWithAttemptsThatFail) {
  holds(kCases,
        [] { same_line({.services = true, .attempts = true, .datagrams = true, .outside = true}, Lost::Forbid); });
  holds(kCases,
        [] { same_line({.services = true, .attempts = true, .datagrams = true, .outside = true}, Lost::Allow); });
}
TEST(AnyLine, IsTheLatestConsistentOneWhenEndpointsAreUsedAgain) {
  holds(kCases, [] { same_line({.services = true, .reuse = true, .checkpoints = 20}, Lost::Forbid); });
  holds(kCases, [] { same_line({.services = true, .reuse = true, .checkpoints = 20}, Lost::Allow); });
}
TEST(AnyLine, IsTheLatestConsistentOneOfOneByteMessages) {  // many states fit by a hair
  holds(kCases, [] { same_line({.checkpoints = 25, .at_once = 1}, Lost::Forbid); });
  holds(kCases, [] { same_line({.checkpoints = 25, .at_once = 1}, Lost::Allow); });
}

// What cannot be known for certain is taken on the safe side: the line may be earlier than it would have to be, never
// inconsistent.
void safe_line(const Habits& habits, Lost lost) {
  Traffic traffic(2 + any(4), habits, choices());
  traffic.run();
  const auto question = any_question(traffic, lost);
  const auto found = recovery_line(question.pods, question.options);
  RC_LOG() << traffic.told();
  RC_CLASSIFY(std::holds_alternative<NoLine>(found), "no line");
  const auto* line = std::get_if<Line>(&found);
  if (line == nullptr) return;
  std::vector<std::size_t> at;
  for (std::size_t pod = 0; pod < traffic.pods(); ++pod) {
    const auto& where = line->points.at(question.pods[pod].pod.uid);
    const auto present = traffic.checkpoints(pod).size();
    at.push_back(where.kind == Point::Kind::Present ? present : static_cast<std::size_t>(value(where.index)));
    RC_ASSERT(at.back() <= question.allowed[pod].back());
  }
  for (std::size_t p = 0; p < at.size(); ++p)
    for (std::size_t q = p + 1; q < at.size(); ++q) RC_ASSERT(fit(traffic, p, at[p], q, at[q], lost));
}

TEST(AnyLine, IsSafeWhenClosingsWereNotSeen) {
  holds(kCases, [] { safe_line({.services = true, .attempts = true, .blind = true}, Lost::Allow); });
  holds(kCases, [] { safe_line({.services = true, .attempts = true, .blind = true}, Lost::Forbid); });
}
TEST(AnyLine, IsSafeWhenItCannotBeToldWhichUseOfTheEndpointsWasWhich) {
  holds(kCases,
        [] { safe_line({.services = true, .shared_service = true, .attempts = true, .reuse = true}, Lost::Allow); });
  holds(kCases,
        [] { safe_line({.services = true, .shared_service = true, .attempts = true, .reuse = true}, Lost::Forbid); });
}

}  // namespace
}  // namespace cutline::protocol
