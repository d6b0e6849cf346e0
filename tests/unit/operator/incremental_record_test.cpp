// An incremental snapshot's records: why each member is one, and what closure Paper leaves.
#include <gmock/gmock.h>

#include "operator/api/conditions.hpp"
#include "operator/snapshot/record.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::snapshot {
namespace {

using samples::condition;
using samples::kNow;
using testing::HasSubstr;

const Members kMembers = samples::members(samples::ledgers(3));
const PodUid zero{"ledger-0-uid"}, one{"ledger-1-uid"}, two{"ledger-2-uid"};

protocol::Closure found() {
  using enum protocol::Membership::Reason;
  return {{{zero, {Initiator, zero}}, {one, {SentTo, zero}}}, {}, {}, {}};
}

protocol::round::Commit commit(protocol::Closure closure) {
  protocol::LocalCheckpoint saved;
  saved.epoch = Epoch{7};
  saved.index = CheckpointIndex{3};
  return {Epoch{7}, {{zero, saved}, {one, saved}}, std::move(closure)};
}

TEST(AnIncrementalReservation, SaysOfEachMemberWhyItIsOneAndByWhom) {
  auto object = samples::snapshot();
  record(object, protocol::round::Reserve{Epoch{7}, {zero, one}, found()}, kMembers, kNow);
  const auto& status = object["status"];
  EXPECT_EQ(status["protocol"], "Incremental");
  ASSERT_EQ(status["members"].size(), 2U);
  EXPECT_EQ(status["members"][0]["why"], "Initiator");
  EXPECT_FALSE(status["members"][0].contains("from"));
  EXPECT_EQ(status["members"][1]["why"], "SentTo");
  EXPECT_EQ(status["members"][1]["from"], "ledger-0");
  EXPECT_EQ(condition(object, "Planned", "message"), "epoch 7 with 2 of 3 pods");
}

TEST(AnIncrementalCommit, KeepsTheReasons) {
  auto object = samples::snapshot();
  record(object, commit(found()), kMembers, {}, kNow);
  EXPECT_EQ(object["status"]["members"][1]["from"], "ledger-0");
  EXPECT_EQ(object["status"]["members"][1]["checkpoint"], 3);
  EXPECT_EQ(condition(object, "Committed", "reason"), "Consistent");
}

TEST(AnIncrementalCommit, CountsTheOrphansThatClosurePaperLeaves) {
  auto closure = found();
  closure.orphans = {{two, one, {}, 512, false}};
  auto object = samples::snapshot();
  record(object, commit(closure), kMembers, {}, kNow);
  EXPECT_EQ(object["status"]["proof"]["orphans"], 1);
  EXPECT_EQ(condition(object, "Committed", "reason"), "OrphansLeft");
  EXPECT_THAT(condition(object, "Committed", "message"), HasSubstr("ledger-1 has received 512 bytes that ledger-2"));
}

TEST(AnIncrementalCommit, ListsConnectionsToOutsideButNotThoseToPodsThatWereLeftOut) {
  auto closure = found();
  closure.external = {{zero, {{"10.0.0.1", 40001}, {"192.0.2.1", 5432}, 0, 1, 1}}};
  protocol::Proof proof;
  proof.external = {{{"10.0.0.1", 40001}, {"192.0.2.1", 5432}, 0, 1, 1},
                    {{"10.0.0.1", 40002}, {"10.0.0.3", 7400}, 0, 1, 1}};
  auto object = samples::snapshot();
  record(object, commit(closure), kMembers, proof, kNow);
  ASSERT_EQ(object["status"]["external"].size(), 1U);
  EXPECT_EQ(object["status"]["external"][0]["remote"], "192.0.2.1:5432");
}

}  // namespace
}  // namespace cutline::op::snapshot
