// From committed to durable: what is asked next, and how the status tells of it.
#include "operator/repository/durable.hpp"

#include <gmock/gmock.h>

#include "operator/api/conditions.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::repository {
namespace {

using samples::condition;
using samples::kLater;
using samples::kNow;
using testing::ElementsAre;
using testing::HasSubstr;

const PodUid kZero{"ledger-0-uid"}, kOne{"ledger-1-uid"};
using Answers = std::map<PodUid, Result<protocol::Reply>>;

Json released() {
  auto out = samples::committed("first", 7);
  set_condition(out, {"Released", true, "GatesOpen", ""}, kNow);
  return out;
}

protocol::Reply uploaded(const std::string& id) { return protocol::Uploaded{Epoch{7}, id, Bytes{100}, Bytes{10}}; }
protocol::Reply uploading(std::optional<Error> trouble = {}) {
  return protocol::Uploading{Epoch{7}, Bytes{40}, Bytes{100}, std::move(trouble)};
}

std::vector<std::pair<PodUid, Epoch>> asked(const Next& next) {
  std::vector<std::pair<PodUid, Epoch>> out;
  for (const auto& upload : std::get<Ask>(next).uploads) out.emplace_back(upload.pod, upload.checkpoint);
  return out;
}

TEST(TheRepository, IsTheSnapshotsOwnOrItsPolicysAndStaysTheOneItBeganWith) {
  auto object = samples::snapshot();
  auto policy = samples::policy();
  EXPECT_EQ(repository_of(object, policy), "");
  EXPECT_EQ(repository_of(object, {}), "");
  policy["spec"]["repositoryRef"]["name"] = "backups";
  EXPECT_EQ(repository_of(object, policy), "backups");
  object["spec"]["repositoryRef"]["name"] = "own";
  EXPECT_EQ(repository_of(object, policy), "own");
  object["status"]["repository"] = "begun";
  EXPECT_EQ(repository_of(object, policy), "begun");
}

TEST(ACommittedSnapshot, IsKeptOnceItsGatesAreOpenAndNotBefore) {
  EXPECT_TRUE(std::holds_alternative<Nothing>(next(samples::snapshot(), samples::ledgers(2))));
  EXPECT_TRUE(std::holds_alternative<Nothing>(next(samples::committed("first", 7), samples::ledgers(2))));
  EXPECT_THAT(asked(next(released(), samples::ledgers(2))),
              ElementsAre(std::pair{kZero, Epoch{7}}, std::pair{kOne, Epoch{7}}));
}

TEST(ACommittedSnapshot, AsksOnlyThoseWhoseCheckpointIsNotThereYetThenSealsThenIsDone) {
  auto object = released();
  record(object, "backups", Answers{{kZero, uploaded("r0")}, {kOne, uploading()}}, kLater);
  EXPECT_THAT(asked(next(object, samples::ledgers(2))), ElementsAre(std::pair{kOne, Epoch{7}}));
  EXPECT_EQ(condition(object, "Durable", "status"), "False");
  EXPECT_EQ(condition(object, "Durable", "reason"), "Uploading");
  EXPECT_EQ(object["status"]["membersStored"], "1/2");
  EXPECT_EQ(object["status"]["members"][1]["uploaded"], 40);
  record(object, "backups", Answers{{kOne, uploaded("r1")}}, kLater);
  EXPECT_TRUE(std::holds_alternative<Seal>(next(object, samples::ledgers(2))));
  EXPECT_EQ(condition(object, "Durable", "status"), "False") << "without a manifest nothing is durable";
  record_durable(object, "m", kLater);
  EXPECT_EQ(condition(object, "Durable", "status"), "True");
  EXPECT_TRUE(std::holds_alternative<Nothing>(next(object, samples::ledgers(2))));
}

TEST(ACommittedSnapshot, NeedsNoPodThatHasUploadedAlready) {
  auto object = released();
  record(object, "backups", Answers{{kZero, uploaded("r0")}, {kOne, uploaded("r1")}}, kLater);
  EXPECT_TRUE(std::holds_alternative<Seal>(next(object, {})));
}

TEST(ACommittedSnapshot, WillNeverBeDurableWithoutAPodOrItsCheckpoint) {
  EXPECT_THAT(std::get<Never>(next(released(), samples::ledgers(1))).why, HasSubstr("ledger-1 went"));
  auto object = released();
  object["status"]["members"][0].erase("digest");
  const auto never = std::get<Never>(next(object, samples::ledgers(2)));
  EXPECT_THAT(never.why, HasSubstr("ledger-0 has not kept"));
  record_never(object, never.why, kLater);
  EXPECT_TRUE(std::holds_alternative<Nothing>(next(object, samples::ledgers(2)))) << "it is said once";
}

TEST(AnIncrementalSnapshot, GoesWithTheLastCheckpointsOfThoseThatItLeftOut) {
  auto object = samples::composed("second", 9);
  set_condition(object, {"Released", true, "GatesOpen", ""}, kNow);
  EXPECT_THAT(asked(next(object, samples::ledgers(2))),
              ElementsAre(std::pair{kZero, Epoch{9}}, std::pair{kOne, Epoch{7}}));
  record(object, "backups", Answers{{kZero, uploaded("r0")}, {kOne, uploaded("r1")}}, kLater);
  EXPECT_EQ(object["status"]["membersStored"], "2/2");
  EXPECT_EQ(object["status"]["composition"]["leftOut"][0]["stored"], "r1");
  EXPECT_TRUE(std::holds_alternative<Seal>(next(object, {})));
  const auto manifest = manifest_of(object, {}, "0.1.0");
  EXPECT_TRUE(manifest.alone);
  ASSERT_EQ(manifest.members.size(), 1U);
  ASSERT_EQ(manifest.left_out.size(), 1U);
  EXPECT_EQ(manifest.left_out[0].last.stored, "r1");
  EXPECT_EQ(manifest.left_out[0].epoch, Epoch{7});
  EXPECT_EQ(manifest.left_out[0].snapshot, "first");
  EXPECT_THAT(manifest.left_out[0].names, HasSubstr("10.0.0.8"));
  ASSERT_EQ(manifest.close.size(), 1U);
}

TEST(AnIncrementalSnapshot, ThatIsNoStateOfAllGoesWithItsMembersAlone) {
  auto object = samples::composed("second", 9);
  set_condition(object, {"Released", true, "GatesOpen", ""}, kNow);
  set_condition(object, {"RestorableAlone", false, "Inconsistent", ""}, kNow);
  EXPECT_THAT(asked(next(object, samples::ledgers(1))), ElementsAre(std::pair{kZero, Epoch{9}}));
  EXPECT_FALSE(manifest_of(object, {}, "0.1.0").alone);
}

TEST(ACommittedSnapshot, ThatIsBeingDeletedIsLeftAlone) {
  auto object = released();
  object["metadata"]["deletionTimestamp"] = kLater;
  EXPECT_TRUE(std::holds_alternative<Nothing>(next(object, samples::ledgers(2))));
}

struct Order : testing::Test {
  Json one(const std::string& name, std::uint64_t epoch, const std::string& policy = "ledger") const {
    auto out = samples::committed(name, epoch);
    set_condition(out, {"Released", true, "GatesOpen", ""}, kNow);
    out["metadata"]["uid"] = name + "-uid";
    out["spec"]["policyRef"]["name"] = policy;
    return out;
  }
  Json begun(Json snapshot) const {
    record_trouble(snapshot, "backups", {Code::Unavailable, "x"}, kNow);
    return snapshot;
  }
};

TEST_F(Order, OfSeveralThatWaitTheNewestGoesFirst) {
  const std::vector all{one("a", 1), one("b", 2), one("c", 3)};
  EXPECT_EQ(goes_before(all[0], all), "c");
  EXPECT_EQ(goes_before(all[1], all), "c");
  EXPECT_EQ(goes_before(all[2], all), "");
}

TEST_F(Order, WhatHasBegunIsBroughtToItsEndFirst) {
  std::vector all{begun(one("a", 1)), one("b", 2), one("c", 3)};
  EXPECT_TRUE(is_on_its_way(all[0]));
  EXPECT_FALSE(is_on_its_way(all[1]));
  EXPECT_EQ(goes_before(all[2], all), "a");
  record_durable(all[0], "m", kLater);
  EXPECT_FALSE(is_on_its_way(all[0]));
  EXPECT_EQ(goes_before(all[2], all), "");
  all[0] = begun(one("a", 1));
  record_never(all[0], "its pod went", kLater);
  EXPECT_EQ(goes_before(all[2], all), "") << "what will never arrive keeps nobody waiting";
}

TEST_F(Order, OthersAndThoseThatGoAreNotWaitedFor) {
  auto uncommitted = one("d", 4);
  set_condition(uncommitted, {"Released", false, "", ""}, kNow);
  auto deleted = begun(one("e", 5));
  deleted["metadata"]["deletionTimestamp"] = kNow;
  const auto mine = one("a", 1);
  EXPECT_EQ(goes_before(mine, {mine, begun(one("b", 2, "other")), uncommitted, deleted}), "");
  auto alone = mine;
  alone["spec"].erase("policyRef");
  EXPECT_EQ(goes_before(alone, {alone, one("b", 2)}), "");
}

TEST_F(Order, WhoWaitsSaysForWhomAndHasNotBegun) {
  auto waits = one("a", 1);
  record_waiting(waits, "c", kLater);
  EXPECT_EQ(condition(waits, "Durable", "reason"), "Waiting");
  EXPECT_THAT(condition(waits, "Durable", "message"), HasSubstr("c goes first"));
  EXPECT_FALSE(has_begun(waits));
  EXPECT_LE(pause(waits), Millis{1'000});
}

struct Trouble {
  Code code;
  const char* reason;
};
struct TheCondition : testing::TestWithParam<Trouble> {};

TEST_P(TheCondition, NamesWhatIsInTheWay) {
  auto object = released();
  record(object, "backups",
         Answers{{kZero, uploading(Error{GetParam().code, "what restic said"})}, {kOne, uploaded("r1")}}, kLater);
  EXPECT_EQ(condition(object, "Durable", "reason"), GetParam().reason);
  EXPECT_THAT(condition(object, "Durable", "message"), HasSubstr("pod ledger-0: what restic said"));
  EXPECT_GT(pause(object), Millis{1'000}) << "who is in trouble is not asked each second";
  auto other = released();
  record(other, "backups", Answers{{kZero, protocol::Refused{{}, {GetParam().code, "x"}}}}, kLater);
  EXPECT_EQ(condition(other, "Durable", "reason"), GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(Durable, TheCondition,
                         testing::Values(Trouble{Code::Invalid, "AccessRefused"},
                                         Trouble{Code::Exhausted, "StorageFull"},
                                         Trouble{Code::Unavailable, "RepositoryUnavailable"},
                                         Trouble{Code::Busy, "Busy"}, Trouble{Code::Corrupt, "Damaged"}));

TEST(TheCondition, OfAPodThatDoesNotAnswerIsTriedAgainSoon) {
  auto object = released();
  record(object, "backups", Answers{{kZero, fail(Code::Unavailable, "no connection")}}, kLater);
  EXPECT_EQ(condition(object, "Durable", "reason"), "Busy");
  EXPECT_THAT(condition(object, "Durable", "message"), HasSubstr("no connection"));
}

TEST(TheManifest, HoldsMembersDigestsCountersAndWhereTheyAreStored) {
  auto object = released();
  object["status"]["protocol"] = "Coordinated";
  object["status"]["members"][0]["addresses"] = {"10.0.0.1"};
  object["status"]["external"] = {{{"pod", "ledger-0"}, {"local", "10.0.0.1:5"}, {"remote", "192.0.2.1:443"}}};
  record(object, "backups", Answers{{kZero, uploaded("r0")}, {kOne, uploaded("r1")}}, kLater);
  const Json checkpoint = {
      {"spec",
       {{"uid", "ledger-0-uid"}, {"digest", "sha256:ledger-0-7"}, {"counters", {{"connections", {{{"sent", 5}}}}}}}}};
  const auto manifest = manifest_of(object, {checkpoint}, "0.1.0");
  EXPECT_EQ(manifest.ns, "bank");
  EXPECT_EQ(manifest.policy, "ledger");
  EXPECT_EQ(manifest.snapshot, "first");
  EXPECT_EQ(manifest.epoch, Epoch{7});
  EXPECT_EQ(manifest.created, kNow);
  ASSERT_EQ(manifest.members.size(), 2U);
  EXPECT_EQ(manifest.members[0], (cutline::repository::Member{"ledger-0",
                                                              kZero,
                                                              "node-a",
                                                              {"10.0.0.1"},
                                                              CheckpointIndex{3},
                                                              "sha256:ledger-0-7",
                                                              Bytes{100},
                                                              "r0",
                                                              R"([{"sent":5}])"}));
  EXPECT_EQ(manifest.members[1].stored, "r1");
  EXPECT_EQ(manifest.members[1].counters, "");
  ASSERT_EQ(manifest.external.size(), 1U);
  EXPECT_EQ(manifest.external[0].remote, "192.0.2.1:443");
}

}  // namespace
}  // namespace cutline::op::repository
