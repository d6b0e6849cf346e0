#include <gmock/gmock.h>

#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/retention/plan.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::retention {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Time kNoon = *kube::parse_time("2026-01-02T12:00:00Z");
const PodUid kFirst{"ledger-0-uid"}, kSecond{"ledger-1-uid"};

// Committed so many minutes before noon, of 100 bytes for each pod.
Json taken(const std::string& name, int minutes, std::vector<std::string> pods = {"ledger-0", "ledger-1"}) {
  auto out = samples::committed(name, static_cast<std::uint64_t>(10'000 - minutes));
  out["status"]["bytes"] = 100 * pods.size();
  out["status"]["members"] = Json::array();
  for (const auto& pod : pods) out["status"]["members"].push_back({{"pod", pod}, {"uid", pod + "-uid"}});
  set_condition(out, {"Committed", false, "", ""}, samples::kNow);
  set_condition(out, {"Committed", true, "Consistent", ""}, kube::rfc3339(kNoon - std::chrono::minutes{minutes}));
  return out;
}

Json failed(const std::string& name, std::uint64_t epoch) {
  auto out = samples::snapshot(name);
  out["status"]["epoch"] = epoch;
  set_condition(out, {"Failed", true, "Timeout", ""}, samples::kNow);
  return out;
}

Json durable(Json snapshot) {
  set_condition(snapshot, {"Durable", true, "Stored", ""}, samples::kNow);
  return snapshot;
}

struct Retention : testing::Test {
  Observed o{samples::policy(), {}, {}, {kFirst, kSecond}, kNoon};

  void rule(const Json& retention) { o.policy["spec"]["retention"] = retention; }
  void hourly(int count) {
    for (int i = 0; i < count; ++i) o.snapshots.push_back(taken(fmt::format("h{}", i), 60 * i));
  }
  std::vector<std::string> gone() const {
    std::vector<std::string> out;
    for (const auto& removal : plan(o).removals) out.push_back(removal.name);
    return out;
  }
};

TEST_F(Retention, WithoutRulesDeletesNothing) {
  hourly(50);
  EXPECT_THAT(gone(), IsEmpty());
  EXPECT_EQ(plan(o).kept, 50U);
}

TEST_F(Retention, KeepsTheLatestAndDeletesTheOldestFirst) {
  hourly(5);
  rule({{"keepLast", 3}});
  EXPECT_THAT(gone(), ElementsAre("h4", "h3"));
  EXPECT_EQ(plan(o).kept_bytes, 600U);
}

TEST_F(Retention, KeepsWhatIsYoungEnough) {
  hourly(5);
  rule({{"keepWithin", "2h"}});
  EXPECT_THAT(gone(), ElementsAre("h4", "h3"));
}

TEST_F(Retention, KeepsWhatEitherRuleNames) {
  hourly(6);
  rule({{"keepLast", 2}, {"keepWithin", "3h"}});
  EXPECT_THAT(gone(), ElementsAre("h5", "h4"));
  rule({{"keepLast", 5}, {"keepWithin", "1h"}});
  EXPECT_THAT(gone(), ElementsAre("h5"));
}

TEST_F(Retention, HoldsAllTogetherBelowACeilingWhateverTheOtherRulesKeep) {
  hourly(5);
  rule({{"keepLast", 5}, {"maxBytes", 450}});
  EXPECT_THAT(gone(), ElementsAre("h4", "h3", "h2"));
  rule({{"maxBytes", "1k"}});
  EXPECT_THAT(gone(), IsEmpty());
}

TEST_F(Retention, NeverDeletesTheLastLine) {
  hourly(1);
  rule({{"keepWithin", "1s"}, {"maxBytes", 1}});
  o.now += 24h;
  EXPECT_THAT(gone(), IsEmpty());
}

TEST_F(Retention, KeepsTheLastOneThatOutlivesTheNodes) {
  hourly(3);
  o.snapshots[2] = durable(o.snapshots[2]);
  rule({{"keepLast", 1}, {"maxBytes", 1}});
  EXPECT_THAT(gone(), ElementsAre("h1"));
}

TEST_F(Retention, KeepsTheOneThatIsOnItsWayAndNotThoseThatWait) {
  hourly(5);
  o.snapshots[4] = durable(o.snapshots[4]);
  set_condition(o.snapshots[2], {"Released", true, "", ""}, samples::kNow);
  o.snapshots[2]["status"]["repository"] = "backups";
  rule({{"keepLast", 1}, {"maxBytes", 1}});
  EXPECT_THAT(gone(), ElementsAre("h3", "h1")) << "h4 is the last durable one, h0 the line, h2 would never arrive";
}

TEST_F(Retention, KeepsWhatIsPinned) {
  hourly(4);
  o.snapshots[3]["spec"]["pinned"] = true;
  rule({{"keepLast", 1}, {"maxBytes", 1}});
  EXPECT_THAT(gone(), ElementsAre("h2", "h1"));
}

TEST_F(Retention, KeepsWhatARollbackIsUnderWayTo) {
  hourly(3);
  rule({{"keepLast", 1}});
  auto rollback = samples::rollback({{"to", {{"snapshot", "h2"}}}});
  o.rollbacks = {rollback};
  EXPECT_THAT(gone(), ElementsAre("h1"));
  set_condition(o.rollbacks[0], {"Released", true, "", ""}, samples::kNow);
  EXPECT_THAT(gone(), ElementsAre("h2", "h1"));
}

TEST_F(Retention, KeepsAllOfALineThatLiesAcrossIncrementalSnapshots) {
  o.snapshots = {taken("i2", 1, {"ledger-1"}), taken("i1", 2, {"ledger-0"}), taken("full", 3), taken("old", 4)};
  rule({{"keepLast", 1}, {"maxBytes", 1}});
  EXPECT_THAT(gone(), ElementsAre("old"));
}

TEST_F(Retention, WhereNoneHoldsAllPodsKeepsTheNewestOfEach) {
  o.pods.push_back(PodUid{"ledger-2-uid"});
  hourly(3);
  rule({{"keepLast", 1}});
  EXPECT_THAT(gone(), ElementsAre("h2", "h1"));
}

TEST_F(Retention, OfFailedOnesKeepsTheNewestThree) {
  for (std::uint64_t i = 1; i <= 5; ++i) o.snapshots.push_back(failed(fmt::format("f{}", i), i));
  EXPECT_THAT(gone(), IsEmpty()) << "no retention";
  rule({{"keepLast", 1}});
  EXPECT_THAT(gone(), ElementsAre("f1", "f2"));
}

TEST_F(Retention, LeavesOtherPoliciesSnapshotsAndThoseAlreadyGoing) {
  hourly(3);
  o.snapshots[2]["spec"]["policyRef"]["name"] = "other";
  o.snapshots[1]["metadata"]["deletionTimestamp"] = samples::kNow;
  rule({{"keepLast", 1}});
  EXPECT_THAT(gone(), IsEmpty());
}

TEST_F(Retention, SaysWhenItIsOnlyShown) {
  hourly(2);
  rule({{"keepLast", 1}, {"dryRun", true}});
  EXPECT_TRUE(plan(o).dry_run);
  EXPECT_THAT(gone(), ElementsAre("h1"));
}

}  // namespace
}  // namespace cutline::op::retention
