// "Incremental snapshot": the coordinator's side, from the initiator's question to the last extension.
#include <gtest/gtest.h>

#include "protocol/round.hpp"
#include "sends.hpp"

namespace cutline::protocol::round {
namespace {

using namespace std::chrono_literals;
const Instant start{1h};
const Epoch epoch{7};
const PodUid a{"a"}, b{"b"}, c{"c"}, d{"d"};

const std::map<PodUid, std::vector<std::string>> kAddresses{
    {a, {"10.0.0.1"}}, {b, {"10.0.0.2"}}, {c, {"10.0.0.3"}}, {d, {"10.0.0.4"}}};

std::vector<Candidate> candidates() {
  std::vector<Candidate> out;
  for (const auto& [pod, addresses] : kAddresses) out.push_back({pod, addresses, {}});
  return out;
}

// A connection between two of them, as `from` has it: it has connected to port 80 of the other.
Counters client(const PodUid& from, const PodUid& to, std::uint64_t sent, std::uint64_t received) {
  return {{kAddresses.at(from).front(), 40000}, {kAddresses.at(to).front(), 80}, sent, sent, received};
}
Counters server(const PodUid& at, const PodUid& of, std::uint64_t sent, std::uint64_t received) {
  return {{kAddresses.at(at).front(), 80}, {kAddresses.at(of).front(), 40000}, sent, sent, received};
}

LocalCheckpoint holding(CounterTable counters, Epoch of = epoch) {
  LocalCheckpoint out;
  out.epoch = of;
  out.index = CheckpointIndex{1};
  out.parent = CheckpointIndex{1};
  out.digest = "sha256:0";
  out.counters = std::move(counters);
  return out;
}

struct IncrementalRound : testing::Test {
  State state;
  ClosureRule rule = ClosureRule::Consistent;

  Output begin() {
    Plan plan{epoch, {}, 100ms, 10ms, {}, Incremental{a, rule, candidates()}};
    return step(state, Begin{plan, start});
  }
  // With an earlier checkpoint at which nothing had been exchanged.
  Output says(const PodUid& who, CounterTable now) {
    return step(state, Answered{who, History{{holding({}, Epoch{3})}, holding(std::move(now))}, start});
  }
  Output acks(const PodUid& who, CounterTable now) {
    return step(state, Answered{who, Acked{epoch, holding(std::move(now))}, start + 20ms});
  }
  Output recorded() { return step(state, Recorded{start}); }
  static std::set<PodUid> asked(const Output& out) { return to<Recall>(out); }
  static std::set<PodUid> requested(const Output& out) { return to<Request>(out); }

 private:
  template <class C>
  static std::set<PodUid> to(const Output& out) {
    std::set<PodUid> whom;
    for (const auto& send : out.send)
      if (std::holds_alternative<C>(send.command)) whom.insert(send.to);
    return whom;
  }
};

// Step 1 and 2: "the coordinator sends a checkpoint request only to those processes it had sent a message to", and so
// do they.
TEST_F(IncrementalRound, IsForwardedLevelByLevelToThoseThatWereSentTo) {
  EXPECT_EQ(asked(begin()), (std::set{a}));
  EXPECT_EQ(asked(says(a, {client(a, b, 10, 0)})), (std::set{b}));
  EXPECT_EQ(asked(says(b, {server(b, a, 0, 10), client(b, c, 5, 0)})), (std::set{c}));
  const auto found = says(c, {server(c, b, 0, 5)});
  ASSERT_TRUE(persists<Reserve>(found));
  EXPECT_EQ(std::get<Reserve>(*found.persist).members, (std::set{a, b, c}));
  EXPECT_EQ(requested(recorded()), (std::set{a, b, c}));
}

TEST_F(IncrementalRound, RemembersByWhomEachMemberWasNamed) {
  (void)begin();
  (void)says(a, {client(a, b, 10, 0)});
  const auto found = says(b, {server(b, a, 0, 10)});
  ASSERT_TRUE(persists<Reserve>(found));
  const auto& members = std::get<Reserve>(*found.persist).closure->members;
  EXPECT_EQ(members.at(a).reason, Membership::Reason::Initiator);
  EXPECT_EQ(members.at(b).reason, Membership::Reason::SentTo);
  EXPECT_EQ(members.at(b).by, a);
}

TEST_F(IncrementalRound, IsOfTheInitiatorAloneWhenItHasTalkedToNobodySince) {
  (void)begin();
  const auto found = says(a, {});
  ASSERT_TRUE(persists<Reserve>(found));
  EXPECT_EQ(requested(recorded()), (std::set{a}));
}

TEST_F(IncrementalRound, AsksNobodyToSaveBeforeTheMembersAreDurable) {
  (void)begin();
  const auto found = says(a, {});
  EXPECT_TRUE(found.send.empty());
}

// Traffic went on between the two multicasts.
TEST_F(IncrementalRound, IsExtendedByWhomTheCutNamesInAddition) {
  (void)begin();
  (void)says(a, {});
  (void)recorded();
  const auto more = acks(a, {client(a, b, 10, 0)});
  EXPECT_EQ(asked(more), (std::set{b}));
  EXPECT_FALSE(more.persist);
  const auto request = says(b, {server(b, a, 0, 10)});
  EXPECT_EQ(requested(request), (std::set{b}));
  EXPECT_FALSE(request.persist);
  const auto complete = acks(b, {server(b, a, 0, 10)});
  ASSERT_TRUE(persists<Commit>(complete));
  EXPECT_EQ(std::get<Commit>(*complete.persist).checkpoints.size(), 2U);
}

TEST_F(IncrementalRound, ExtensionMayLeadFurther) {
  (void)begin();
  (void)says(a, {});
  (void)recorded();
  (void)acks(a, {client(a, b, 10, 0)});
  const auto first = says(b, {server(b, a, 0, 10)});
  EXPECT_EQ(requested(first), (std::set{b}));
  EXPECT_EQ(asked(acks(b, {server(b, a, 0, 10), client(b, c, 1, 0)})), (std::set{c}));
  EXPECT_EQ(requested(says(c, {server(c, b, 0, 1)})), (std::set{c}));
  EXPECT_TRUE(persists<Commit>(acks(c, {server(c, b, 0, 1)})));
}

// A rollback that ended between the two multicasts: a had sent 100 bytes, and its checkpoint 2 knew of them; it was put
// back to checkpoint 1, which knows of 50, and has sent 10 others since. By what it had told first it has sent nothing.
TEST_F(IncrementalRound, AsksAfreshWhenAMemberWasRolledBackSinceItWasAsked) {
  auto first = holding({client(a, b, 50, 0)}, Epoch{3}), second = holding({client(a, b, 100, 0)}, Epoch{4});
  second.index = CheckpointIndex{2};
  (void)begin();
  const auto found = step(state, Answered{a, History{{second}, holding({client(a, b, 100, 0)})}, start});
  ASSERT_TRUE(persists<Reserve>(found));
  EXPECT_EQ(requested(recorded()), (std::set{a}));
  const auto afresh = acks(a, {client(a, b, 60, 0)});
  EXPECT_FALSE(afresh.persist);
  EXPECT_EQ(asked(afresh), (std::set{a}));
  const auto more = step(state, Answered{a, History{{first}, holding({client(a, b, 60, 0)})}, start});
  EXPECT_EQ(asked(more), (std::set{b}));
  EXPECT_EQ(requested(says(b, {server(b, a, 0, 60)})), (std::set{b}));
  EXPECT_TRUE(persists<Commit>(acks(b, {server(b, a, 0, 60)})));
}

TEST_F(IncrementalRound, AsksAfreshNoMoreThanOnce) {
  (void)begin();
  const auto told = History{{}, holding({})};  // of no checkpoint, whatever its acknowledgement follows on
  (void)step(state, Answered{a, told, start});
  (void)recorded();
  EXPECT_EQ(asked(acks(a, {})), (std::set{a}));
  EXPECT_TRUE(persists<Commit>(step(state, Answered{a, told, start})));
}

// a sent to c only before its last checkpoint: without that one it would seem to have sent since.
TEST_F(IncrementalRound, AsksNobodyMoreUntilAllMembersHaveToldAfresh) {
  const CounterTable sent{client(a, b, 10, 0), client(a, c, 100, 0)};
  const History of_a{{holding({client(a, c, 100, 0)}, Epoch{3})}, holding(sent)};
  (void)begin();
  EXPECT_EQ(asked(step(state, Answered{a, of_a, start})), (std::set{b}));
  (void)says(b, {server(b, a, 0, 10)});
  EXPECT_EQ(requested(recorded()), (std::set{a, b}));
  (void)acks(a, sent);
  auto other = holding({server(b, a, 0, 10)});
  other.parent = CheckpointIndex{2};
  EXPECT_EQ(asked(step(state, Answered{b, Acked{epoch, other}, start + 20ms})), (std::set{a, b}));
  const auto waits = says(b, {server(b, a, 0, 10)});
  EXPECT_FALSE(waits.persist);
  EXPECT_TRUE(waits.send.empty());
  const auto complete = step(state, Answered{a, of_a, start});
  ASSERT_TRUE(persists<Commit>(complete));
  EXPECT_EQ(std::get<Commit>(*complete.persist).checkpoints.size(), 2U);
}

// b had been asked before a reached it through a Service: what it said then cannot show that.
TEST_F(IncrementalRound, AsksAgainWhoMayBeBehindAServiceThatNobodyShows) {
  (void)begin();
  EXPECT_EQ(asked(says(a, {server(a, b, 0, 1)})), (std::set{b}));
  (void)says(b, {client(b, a, 1, 0)});
  (void)recorded();
  const Counters through{{"10.0.0.1", 41000}, {"10.96.0.1", 80}, 5, 5, 0};
  (void)acks(b, {client(b, a, 1, 0)});
  const auto more = acks(a, {server(a, b, 0, 1), through});
  EXPECT_EQ(asked(more), (std::set{c, d}));  // b is a member, and its state is saved
  (void)says(c, {});
  const auto found = says(d, {{{"10.0.0.4", 80}, {"10.0.0.1", 41000}, 0, 0, 5}});
  EXPECT_EQ(requested(found), (std::set{d}));
  const auto last = acks(d, {{{"10.0.0.4", 80}, {"10.0.0.1", 41000}, 0, 0, 5}});
  EXPECT_EQ(asked(last), (std::set<PodUid>{}));
  EXPECT_TRUE(persists<Commit>(last));
}

TEST_F(IncrementalRound, AsksOnlyOnceMoreForWhatNobodyShows) {
  (void)begin();
  const Counters somewhere{{"10.0.0.1", 41000}, {"192.0.2.1", 443}, 5, 5, 0};
  EXPECT_EQ(asked(says(a, {somewhere})), (std::set{b, c, d}));
  for (const auto& pod : {b, c, d}) (void)says(pod, {});
  (void)recorded();
  EXPECT_EQ(asked(acks(a, {somewhere})), (std::set{b, c, d}));  // it may have begun after they were asked
  (void)says(b, {});
  (void)says(c, {});
  EXPECT_TRUE(persists<Commit>(says(d, {})));
}

TEST_F(IncrementalRound, AnExtensionThatComesTooLateVoidsTheCut) {
  (void)begin();
  (void)says(a, {});
  (void)recorded();
  (void)acks(a, {client(a, b, 10, 0)});
  (void)says(b, {server(b, a, 0, 10)});
  const auto out = step(state, Answered{b, Acked{epoch, holding({server(b, a, 0, 10)})}, start + 95ms});
  ASSERT_TRUE(persists<Failure>(out));
  EXPECT_EQ(sends_of<Abort>(out), 2U);
}

// The paper's rule alone can leave an orphan: d, outside of the set, has sent to a.
TEST_F(IncrementalRound, ConsistentAlsoTakesInThoseThatAMemberHasReceivedFrom) {
  (void)begin();
  EXPECT_EQ(asked(says(a, {server(a, d, 0, 9)})), (std::set{d}));
  const auto found = says(d, {client(d, a, 9, 0)});
  ASSERT_TRUE(persists<Reserve>(found));
  EXPECT_EQ(std::get<Reserve>(*found.persist).members, (std::set{a, d}));
  EXPECT_EQ(std::get<Reserve>(*found.persist).closure->members.at(d).reason, Membership::Reason::ReceivedFrom);
}

TEST_F(IncrementalRound, PaperLeavesThemOut) {
  rule = ClosureRule::Paper;
  (void)begin();
  auto found = says(a, {server(a, d, 0, 9)});
  if (!found.persist) found = says(d, {client(d, a, 9, 0)});
  ASSERT_TRUE(persists<Reserve>(found));
  EXPECT_EQ(std::get<Reserve>(*found.persist).members, (std::set{a}));
}

TEST_F(IncrementalRound, WhoseInitiatorIsNoPodOfTheWorkloadIsRefused) {
  const Plan plan{epoch, {}, 100ms, 10ms, {}, Incremental{PodUid{"stranger"}, rule, candidates()}};
  const auto out = step(state, Begin{plan, start});
  ASSERT_TRUE(persists<Failure>(out));
  EXPECT_EQ(std::get<Failure>(*out.persist).why.code, Code::NotFound);
}

TEST_F(IncrementalRound, EndsWithoutAWordWhenNotAllSayWhomTheyHaveTalkedTo) {
  const auto begun = begin();
  ASSERT_TRUE(begun.wake);
  const auto out = step(state, Tick{*begun.wake});
  ASSERT_TRUE(persists<Failure>(out));
  EXPECT_EQ(std::get<Failure>(*out.persist).why.code, Code::Timeout);
  EXPECT_TRUE(out.send.empty());
}

TEST_F(IncrementalRound, WithADeadApplicationAmongThoseAskedIsUnavailable) {
  (void)begin();
  const auto out = step(state, Answered{a, History{{}, {}}, start});
  ASSERT_TRUE(persists<Failure>(out));
  EXPECT_EQ(std::get<Failure>(*out.persist).why.code, Code::Unavailable);
}

}  // namespace
}  // namespace cutline::protocol::round
