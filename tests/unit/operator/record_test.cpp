// A round's records as users see them in the status, and the proof's verdict.
#include "operator/snapshot/record.hpp"

#include <gmock/gmock.h>

#include "operator/api/conditions.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::snapshot {
namespace {

using namespace std::chrono_literals;
using samples::condition;
using samples::kNow;
using testing::HasSubstr;

const protocol::Endpoint kClient{"10.0.0.1", 40000}, kServer{"10.0.0.2", 7400};

// ledger-0 is connected to ledger-1, and to a database outside. It has sent 100 bytes, of which 60 have been received.
protocol::round::Commit commit_of(std::uint64_t received = 60) {
  protocol::LocalCheckpoint zero{Epoch{7},
                                 CheckpointIndex{1},
                                 "",
                                 Bytes{1000},
                                 {{kClient, kServer, 50, 100, 0}},
                                 {41ms, 30ms, 0us, 0us},
                                 protocol::GateKind::Queue};
  zero.counters.push_back({{"10.0.0.1", 40001}, {"192.0.2.1", 5432}, 1, 2, 3});
  protocol::LocalCheckpoint one{Epoch{7},
                                CheckpointIndex{4},
                                "",
                                Bytes{500},
                                {{kServer, kClient, 0, 0, received}},
                                {9ms, 8ms, 0us, 0us},
                                protocol::GateKind::Drop};
  return {Epoch{7}, {{PodUid{"ledger-0-uid"}, zero}, {PodUid{"ledger-1-uid"}, one}}};
}

const Members kMembers = samples::members(samples::ledgers(2));

Json recorded() {
  auto object = samples::snapshot();
  record(object,
         protocol::round::Reserve{Epoch{7}, std::set<PodUid>{PodUid{"ledger-0-uid"}, PodUid{"ledger-1-uid"}}, {}},
         kMembers, kNow);
  const auto commit = commit_of();
  record(object, commit, kMembers, prove(commit, kMembers), kNow);
  return object;
}

TEST(AReservation, FixesEpochAndMembers) {
  auto object = samples::snapshot();
  record(object,
         protocol::round::Reserve{Epoch{7}, std::set<PodUid>{PodUid{"ledger-0-uid"}, PodUid{"ledger-1-uid"}}, {}},
         kMembers, kNow);
  const auto& status = object["status"];
  EXPECT_EQ(status["epoch"], 7);
  EXPECT_EQ(status["membersReady"], "0/2");
  ASSERT_EQ(status["members"].size(), 2U);
  EXPECT_EQ(status["members"][0], Json({{"pod", "ledger-0"},
                                        {"uid", "ledger-0-uid"},
                                        {"node", "node-a"},
                                        {"addresses", Json::array({"10.0.0.1"})},
                                        {"why", "Selected"}}));
  EXPECT_EQ(condition(object, "Planned", "message"), "epoch 7 with 2 of 2 pods");
}

TEST(ACommit, IsWrittenWithEachMembersCheckpoint) {
  const auto object = recorded();
  EXPECT_EQ(object["status"]["membersReady"], "2/2");
  EXPECT_EQ(object["status"]["bytes"], 1500);
  EXPECT_EQ(object["status"]["members"][1], Json({{"pod", "ledger-1"},
                                                  {"uid", "ledger-1-uid"},
                                                  {"node", "node-a"},
                                                  {"addresses", Json::array({"10.0.0.2"})},
                                                  {"why", "Selected"},
                                                  {"checkpoint", 4},
                                                  {"bytes", 500},
                                                  {"frozen", "9.0ms"},
                                                  {"gate", "Drop"}}));
  EXPECT_EQ(object["status"]["members"][0]["frozen"], "41.0ms");
}

TEST(ACommit, IsWrittenWithItsProof) {
  const auto object = recorded();
  EXPECT_EQ(object["status"]["proof"],
            Json({{"connections", 1}, {"inTransitBytes", 40}, {"orphans", 0}, {"halfOpen", 0}}));
  EXPECT_EQ(condition(object, "Committed", "status"), "True");
  EXPECT_EQ(condition(object, "Committed", "message"), "1 connections checked, 40 bytes in transit, no orphan");
  EXPECT_EQ(condition(object, "Durable", "status"), "False");
}

TEST(ACommit, ListsConnectionsToTheOutside) {
  EXPECT_EQ(recorded()["status"]["external"],
            Json({{{"pod", "ledger-0"}, {"local", "10.0.0.1:40001"}, {"remote", "192.0.2.1:5432"}}}));
}

TEST(ACommit, ListsOnlySoManyConnectionsToTheOutsideThatTheStatusStaysSmall) {
  auto commit = commit_of();
  auto& counters = commit.checkpoints.begin()->second.counters;
  for (std::uint16_t port = 1; port <= 3000; ++port)
    counters.push_back({{"10.0.0.1", port}, {"2001:db8::1", 443}, 0, 0, 0});
  auto object = samples::snapshot();
  record(object, commit, kMembers, prove(commit, kMembers), kNow);
  EXPECT_EQ(object["status"]["external"].size(), 1000U);
  EXPECT_EQ(object["status"]["external"].back()["remote"], "[2001:db8::1]:443");
}

TEST(AVerdict, OnAConsistentCutIsGood) { EXPECT_TRUE(verdict(prove(commit_of(), kMembers), kMembers)); }

// "received(j) <= sent(i)": otherwise the receiver's state holds what its sender's has not sent.
TEST(AVerdict, OnAnOrphanRefusesAndNamesTheConnection) {
  const auto refused = verdict(prove(commit_of(130), kMembers), kMembers);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("ledger-0 -> ledger-1 on 10.0.0.1:40000: 30 bytes orphaned, 0 bytes "
                                                 "lost (sent 100, acked 50, received 130)"));
}

// "acked(i) <= received(j)": otherwise bytes are gone that the sender will never send again.
TEST(AVerdict, OnALossRefuses) {
  const auto refused = verdict(prove(commit_of(20), kMembers), kMembers);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("0 bytes orphaned, 30 bytes lost"));
}

TEST(AFailure, EndsInTheConditionFailedWithItsCodeAsReason) {
  auto object = samples::snapshot();
  record(object, Error{Code::Timeout, "not acknowledged in time by pod ledger-1"}, kNow);
  EXPECT_TRUE(is_true(object, "Failed"));
  EXPECT_EQ(condition(object, "Failed", "reason"), "Timeout");
  EXPECT_EQ(condition(object, "Failed", "message"), "not acknowledged in time by pod ledger-1");
}

TEST(TheFindings, StandInTheStatusPodByPod) {
  auto object = samples::snapshot();
  record(object,
         std::vector<Findings>{
             {"ledger-1", {{true, "ledger", "1002 (ledger)", "fd 7, anon_inode:[io_uring]", "switch it off"}}}});
  EXPECT_EQ(object["status"]["findings"], Json({{{"pod", "ledger-1"},
                                                 {"fatal", true},
                                                 {"container", "ledger"},
                                                 {"process", "1002 (ledger)"},
                                                 {"object", "fd 7, anon_inode:[io_uring]"},
                                                 {"remedy", "switch it off"}}}));
}

TEST(ARelease, TellsHowLongEachMembersTrafficWasHeldAndTheLongest) {
  auto object = recorded();
  record_released(
      object, {{PodUid{"ledger-0-uid"}, {Epoch{7}, 88ms, "sha256:0"}}, {PodUid{"ledger-1-uid"}, {Epoch{7}, 120ms, ""}}},
      150ms, kNow);
  EXPECT_TRUE(is_true(object, "Released"));
  EXPECT_EQ(object["status"]["members"][0]["gated"], "88.0ms");
  EXPECT_EQ(object["status"]["members"][0]["digest"], "sha256:0");
  EXPECT_FALSE(object["status"]["members"][1].contains("digest")) << "its checkpoint did not reach its disk";
  EXPECT_EQ(object["status"]["timings"], Json({{"held", "120.0ms"}, {"total", "150.0ms"}}));
}

TEST(ARelease, AfterARestartDoesNotMakeUpTimesThatNobodyMeasured) {
  auto object = recorded();
  record_released(object, {{PodUid{"ledger-0-uid"}, {Epoch{7}, 0us, ""}}}, 3ms, kNow);
  EXPECT_TRUE(is_true(object, "Released"));
  EXPECT_FALSE(object["status"].contains("timings"));
  EXPECT_FALSE(object["status"]["members"][0].contains("gated"));
}

TEST(ALocalCheckpoint, IsNamedByPodAndEpochAndOwnedByItsSnapshot) {
  auto object = recorded();
  record_released(object, {{PodUid{"ledger-0-uid"}, {Epoch{7}, 88ms, "sha256:0"}}}, 150ms, kNow);
  const auto checkpoint = local_checkpoint(object, object["status"]["members"][0], nullptr);
  EXPECT_EQ(checkpoint["metadata"]["name"], "ledger-0-e7");
  EXPECT_EQ(checkpoint["metadata"]["namespace"], "bank");
  EXPECT_EQ(checkpoint["metadata"]["ownerReferences"][0]["uid"], "first-uid");
  EXPECT_EQ(checkpoint["metadata"]["ownerReferences"][0]["controller"], true);
  EXPECT_EQ(checkpoint["spec"], Json({{"pod", "ledger-0"},
                                      {"uid", "ledger-0-uid"},
                                      {"node", "node-a"},
                                      {"index", 1},
                                      {"epoch", 7},
                                      {"snapshot", "first"},
                                      {"digest", "sha256:0"},
                                      {"bytes", 1000}}));
}

}  // namespace
}  // namespace cutline::op::snapshot
