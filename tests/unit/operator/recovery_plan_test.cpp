// When a failure of the workload begins a rollback by itself.
#include <gmock/gmock.h>

#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/recovery/plan.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::recovery {
namespace {

using namespace std::chrono_literals;
using samples::decided;
using testing::ElementsAre;
using testing::HasSubstr;

const Time kStart = kube::parse_time("2026-01-02T03:00:00Z").value();
const Failed kKilled{"ledger-1", {"ledger", "killed by signal 9 (Killed)"}};

Json policy(Json recovery = {{"mode", "Automatic"}, {"limit", 2}, {"backoff", "10s"}}) {
  auto out = samples::policy();
  out["spec"]["recovery"] = std::move(recovery);
  return out;
}

Json automatic(int number, Time made, const char* end = "Released") {
  auto out = samples::rollback({{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}});
  out["metadata"]["name"] = fmt::format("ledger-auto-{}", number);
  out["metadata"]["labels"] = {{kAutomatic, "ledger"}};
  out["metadata"]["creationTimestamp"] = kube::rfc3339(made);
  if (end != nullptr) set_condition(out, {end, true, "X", ""}, kube::rfc3339(made + 2s));
  return out;
}

TEST(AutomaticRecovery, LetsAHealthyWorkloadBe) { (void)decided<Healthy>(Observed{policy(), {}, {}, {}, kStart}); }

TEST(AutomaticRecovery, BeginsAtOnceWithTheFirstFailureAndNamesWhoFailed) {
  const auto start = decided<Start>(Observed{policy(), {kKilled}, {}, {}, kStart});
  EXPECT_EQ(start.name, "ledger-auto-1");
  EXPECT_THAT(start.pods, ElementsAre("ledger-1"));
  EXPECT_THAT(start.because, HasSubstr("pod ledger-1, container ledger: killed by signal 9"));
  EXPECT_EQ(rollback(policy(), start)["spec"]["to"]["latest"], true);
}

TEST(AutomaticRecovery, MakesNoSecondRollbackWhileOneIsUnderWay) {
  (void)decided<Underway>(Observed{policy(), {kKilled}, {automatic(1, kStart, nullptr)}, {}, kStart + 1s});
}

TEST(AutomaticRecovery, IsNotHeldUpByADryRun) {
  auto dry = automatic(1, kStart, nullptr);
  dry["spec"]["dryRun"] = true;
  dry["metadata"].erase("labels");
  (void)decided<Start>(Observed{policy(), {kKilled}, {dry}, {}, kStart});
}

TEST(AutomaticRecovery, WaitsBeforeTheSecondRollbackAndTwiceAsLongBeforeTheThird) {
  const auto generous = policy({{"mode", "Automatic"}, {"limit", 5}, {"backoff", "10s"}});
  EXPECT_EQ(decided<Wait>(Observed{generous, {kKilled}, {automatic(1, kStart)}, {}, kStart + 5s}).until, kStart + 12s);
  EXPECT_EQ(decided<Start>(Observed{generous, {kKilled}, {automatic(1, kStart)}, {}, kStart + 12s}).name,
            "ledger-auto-2");
  const std::vector<Json> two{automatic(1, kStart), automatic(2, kStart + 12s)};
  EXPECT_EQ(decided<Wait>(Observed{generous, {kKilled}, two, {}, kStart + 15s}).until, kStart + 34s);
}

TEST(AutomaticRecovery, EndsAtItsLimitAndSaysWhatToDo) {
  const std::vector<Json> two{automatic(1, kStart), automatic(2, kStart + 12s, "Failed")};
  EXPECT_THAT(decided<GiveUp>(Observed{policy(), {kKilled}, two, {}, kStart + 600s}).because,
              HasSubstr("make a Rollback by hand"));
}

TEST(AutomaticRecovery, CountsAnewAfterASnapshotWasCommitted) {
  const std::vector<Json> two{automatic(1, kStart), automatic(2, kStart + 12s)};
  auto snapshot = samples::committed("first", 7);
  snapshot["status"]["conditions"] = Json::array();
  set_condition(snapshot, {"Committed", true, "Consistent", ""}, kube::rfc3339(kStart + 60s));
  EXPECT_EQ(decided<Start>(Observed{policy(), {kKilled}, two, {snapshot}, kStart + 61s}).name, "ledger-auto-3");
}

TEST(AutomaticRecovery, CountsAnewWhenEveryIndependentPodHasHadTimeForACheckpoint) {
  auto independent = policy();
  independent["spec"]["protocol"] = "Independent";
  independent["spec"]["independent"] = {{"interval", "5s"}, {"jitter", "1s"}};
  const std::vector<Json> two{automatic(1, kStart), automatic(2, kStart + 2s)};
  (void)decided<GiveUp>(Observed{independent, {kKilled}, two, {}, kStart + 10s});
  (void)decided<Start>(Observed{independent, {kKilled}, two, {}, kStart + 20s});
}

TEST(AutomaticRecovery, RemovesItsRollbacksOfLongAgo) {
  std::vector<Json> many;
  for (int i = 1; i <= 30; ++i) many.push_back(automatic(i, kStart - 100h));
  auto snapshot = samples::committed("first", 7);
  snapshot["status"]["conditions"] = Json::array();
  set_condition(snapshot, {"Committed", true, "Consistent", ""}, kube::rfc3339(kStart - 1h));
  const auto start = decided<Start>(Observed{policy(), {kKilled}, many, {snapshot}, kStart});
  EXPECT_EQ(start.outdated.size(), 8U);  // of 30 the latest 20, and 2 that the limit counts, stay
  EXPECT_EQ(start.outdated.front(), "ledger-auto-1");
}

}  // namespace
}  // namespace cutline::op::recovery
