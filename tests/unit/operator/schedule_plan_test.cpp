// When the schedule of a policy makes a snapshot, and what it says when it does not.
#include <gmock/gmock.h>

#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/schedule/record.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::schedule {
namespace {

using namespace std::chrono_literals;
using samples::condition;
using samples::decided;
using samples::kNow;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Time kMade = kube::parse_time("2026-01-02T03:00:00Z").value();

Json policy(const Json& spec = {{"schedule", "@every 60s"}}) {
  auto out = samples::policy();
  out["metadata"]["creationTimestamp"] = kube::rfc3339(kMade);
  out["metadata"]["generation"] = 1;
  out["spec"].update(spec);
  return out;
}

// In effect since it was made, and looked after up to `through`.
Json running(Time through, const Json& more = Json::object()) {
  auto out = policy();
  out["spec"].update(more);
  record(out, Adopt{kMade, kMade + 60s}, kNow);
  if (through > kMade) record(out, Fire{through, through + 60s, {}, {}}, kNow);
  return out;
}

Json made(const Json& policy, Time due, const char* condition = "Released") {
  auto out = snapshot(policy, due);
  if (condition != nullptr) set_condition(out, {condition, true, "X", ""}, kNow);
  return out;
}

TEST(APolicyWithoutASchedule, IsLeftAlone) {
  auto by_hand = policy({{"schedule", ""}});
  record(by_hand, decided<Off>(Observed{by_hand, {}, kMade}), kNow);
  EXPECT_FALSE(by_hand.contains("status"));
}

TEST(ASchedule, IsAdoptedFromTheMakingOfThePolicyEvenWhenItIsSeenLate) {
  const auto adopt = decided<Adopt>(Observed{policy(), {}, kMade + 1h});
  EXPECT_EQ(adopt.from, kMade);
  EXPECT_EQ(adopt.next, kMade + 60s);
}

TEST(ASchedule, ThatCameLaterIsAdoptedFromNow) {
  auto changed = policy();
  changed["metadata"]["generation"] = 2;
  EXPECT_EQ(decided<Adopt>(Observed{changed, {}, kMade + 90s + 300ms}).from, kMade + 90s);
  auto other = running(kMade + 60s, {{"timeZone", "Europe/Berlin"}});
  other["spec"]["timeZone"] = "Asia/Kolkata";
  EXPECT_EQ(decided<Adopt>(Observed{other, {}, kMade + 200s}).from, kMade + 200s);
}

TEST(ASchedule, WaitsUntilTheNextTime) {
  EXPECT_EQ(decided<Wait>(Observed{running(kMade), {}, kMade + 59s + 999ms}).until, kMade + 60s);
}

TEST(ASchedule, MakesASnapshotWhoseNameSaysPolicyAndTime) {
  const auto p = running(kMade);
  const auto fire = decided<Fire>(Observed{p, {}, kMade + 60s});
  EXPECT_EQ(fire.due, kMade + 60s);
  EXPECT_EQ(fire.next, kMade + 120s);
  EXPECT_FALSE(fire.earlier);
  const auto object = snapshot(p, fire.due);
  EXPECT_EQ(kube::key_of(object).name, "ledger-1767322860");
  EXPECT_EQ(object["spec"], Json({{"policyRef", {{"name", "ledger"}}}}));
  EXPECT_EQ(object["metadata"]["labels"][kPolicyLabel], "ledger");
  EXPECT_EQ(object["metadata"]["annotations"][kScheduledAt], "2026-01-02T03:01:00Z");
  EXPECT_FALSE(object["metadata"].contains("ownerReferences"));
}

TEST(ASchedule, TakesTheNameOfALongPolicy) {
  EXPECT_LE(snapshot_name(std::string(52, 'x'), kMade + std::chrono::years{200}).size(), 63U);
}

TEST(ASchedule, OfWhichSeveralTimesWentByMakesTheLatestAndTellsOfTheOthers) {
  const auto fire = decided<Fire>(Observed{running(kMade), {}, kMade + 250s});
  EXPECT_EQ(fire.due, kMade + 240s);
  ASSERT_TRUE(fire.earlier);
  EXPECT_EQ(fire.earlier->count, 3);
  EXPECT_THAT(told(*fire.earlier),
              HasSubstr("3 snapshots due from 2026-01-02T03:01:00Z to 2026-01-02T03:03:00Z were missed"));
  EXPECT_THAT(told(Missed{kMade, kMade, 1}), HasSubstr("the snapshot due at 2026-01-02T03:00:00Z was missed"));
}

TEST(ASchedule, ThatNobodyLookedAtForAYearCountsOnlySoFar) {
  const auto fire = decided<Fire>(Observed{running(kMade), {}, kMade + 365 * 24h});
  EXPECT_TRUE(fire.earlier->more);
  EXPECT_THAT(told(*fire.earlier), HasSubstr("more than 100 snapshots"));
}

TEST(ASchedule, MakesAMissedOneWithinItsDeadlineAndNoneAfterIt) {
  const auto p = running(kMade, {{"startingDeadlineSeconds", 20}});
  (void)decided<Fire>(Observed{p, {}, kMade + 80s});
  const auto skip = decided<Skip>(Observed{p, {}, kMade + 80s + 1ms});
  EXPECT_EQ(skip.due, kMade + 60s);
  EXPECT_EQ(skip.reason, "MissedDeadline");
  EXPECT_THAT(skip.because, HasSubstr("2026-01-02T03:01:00Z was not begun within spec.startingDeadlineSeconds (20 s)"));
}

TEST(ASchedule, FindsTheSnapshotOfAnOperatorThatDiedBeforeItsStatusSaidSo) {
  auto p = running(kMade);
  const auto note = decided<Note>(Observed{p, {made(p, kMade + 60s, nullptr)}, kMade + 61s});
  EXPECT_EQ(note.due, kMade + 60s);
  record(p, note, kNow);
  EXPECT_EQ(p["status"]["lastScheduleTime"], "2026-01-02T03:01:00Z");
  (void)decided<Wait>(Observed{p, {made(p, kMade + 60s, nullptr)}, kMade + 61s});
}

TEST(ASchedule, DoesNotTakeAnotherSnapshotForItsOwn) {
  const auto p = running(kMade);
  auto foreign = made(p, kMade + 60s);
  foreign["metadata"]["name"] = "by-hand";
  (void)decided<Fire>(Observed{p, {foreign}, kMade + 61s});
}

TEST(ASchedule, LeavesOneOutWhileThePreviousHasNotEnded) {
  auto p = running(kMade + 60s);
  const auto skip = decided<Skip>(Observed{p, {made(p, kMade + 60s, "Committed")}, kMade + 120s});
  EXPECT_EQ(skip.reason, "StillRunning");
  EXPECT_THAT(skip.because, HasSubstr("ledger-1767322860 has not ended"));
  record(p, skip, kNow);
  EXPECT_TRUE(is_true(p, "Scheduled"));
  EXPECT_EQ(condition(p, "Scheduled", "reason"), "StillRunning");
  EXPECT_EQ(p["status"]["lastScheduleTime"], "2026-01-02T03:01:00Z");
  EXPECT_EQ(decided<Wait>(Observed{p, {}, kMade + 130s}).until, kMade + 180s);  // it is not made up for
}

TEST(ASchedule, IsNotHeldUpByWhatHasEndedOrIsBeingDeleted) {
  const auto p = running(kMade + 120s);
  auto deleted = made(p, kMade + 120s, nullptr);
  deleted["metadata"]["deletionTimestamp"] = kNow;
  (void)decided<Fire>(Observed{p, {made(p, kMade + 60s, "Failed"), deleted}, kMade + 180s});
}

TEST(ASchedule, ReplacesWhatHasNotCommitted) {
  const auto p = running(kMade + 120s, {{"concurrencyPolicy", "Replace"}});
  const auto fire =
      decided<Fire>(Observed{p, {made(p, kMade + 60s, "Committed"), made(p, kMade + 120s, "Planned")}, kMade + 180s});
  EXPECT_THAT(fire.replaced, ElementsAre("ledger-1767322920"));
}

TEST(ASchedule, ThatRestsMakesNothingAndMakesUpForNothing) {
  auto p = running(kMade + 60s, {{"suspend", true}});
  record(p, decided<Rest>(Observed{p, {}, kMade + 400s}), kNow);
  EXPECT_EQ(condition(p, "Scheduled", "reason"), "Suspended");
  EXPECT_FALSE(is_true(p, "Scheduled"));
  EXPECT_TRUE(p["status"]["nextScheduleTime"].is_null());
  p["spec"]["suspend"] = false;
  EXPECT_EQ(decided<Adopt>(Observed{p, {}, kMade + 400s}).from, kMade + 400s);
}

TEST(ASchedule, ThatIsSuspendedWhileASnapshotIsMadeStillSaysThatItWasMade) {
  auto p = running(kMade + 60s, {{"suspend", true}});
  record(p, decided<Rest>(Observed{p, {}, kMade + 120s}), kNow);
  record_made(p, kMade + 120s);
  EXPECT_EQ(p["status"]["lastScheduleTime"], kube::rfc3339(kMade + 120s));
  record_made(p, kMade + 60s);
  EXPECT_EQ(p["status"]["lastScheduleTime"], kube::rfc3339(kMade + 120s)) << "never an earlier one";
  EXPECT_EQ(condition(p, "Scheduled", "reason"), "Suspended");
}

TEST(ASchedule, ThatCannotBeUnderstoodSaysWhy) {
  auto p = running(kMade, {{"schedule", "61 * * * *"}});
  const auto refuse = decided<Refuse>(Observed{p, {}, kMade + 400s});
  EXPECT_EQ(refuse.reason, "InvalidSchedule");
  record(p, refuse, kNow);
  EXPECT_EQ(condition(p, "Scheduled", "status"), "False");
  EXPECT_THAT(condition(p, "Scheduled", "message"), HasSubstr("minute '61': write 0 to 59"));
}

TEST(ASchedule, InAZoneThatIsNotThereSaysSo) {
  const auto refuse = decided<Refuse>(Observed{running(kMade, {{"timeZone", "Europe/Bonn"}}), {}, kMade + 400s});
  EXPECT_EQ(refuse.reason, "InvalidTimeZone");
  EXPECT_THAT(refuse.message, HasSubstr("there is no time zone 'Europe/Bonn'"));
}

TEST(ASchedule, ThatIsTakenAwaySaysThatSnapshotsAreMadeByHand) {
  auto p = running(kMade);
  p["spec"].erase("schedule");
  record(p, decided<Off>(Observed{p, {}, kMade + 400s}), kNow);
  EXPECT_EQ(condition(p, "Scheduled", "reason"), "NoSchedule");
  EXPECT_TRUE(p["status"]["scheduleInEffect"].is_null());
}

TEST(ASchedule, BeginsAnewWhenAClockThatWasWrongHasWrittenTheMark) {
  const auto p = running(kMade + 1000h);
  EXPECT_EQ(decided<Adopt>(Observed{p, {made(p, kMade + 1000h)}, kMade + 100s}).from, kMade + 100s);
  (void)decided<Wait>(Observed{running(kMade + 120s), {}, kMade + 100s});  // a little is no matter
}

TEST(AStatus, ThatSaysItAllIsLeftAsItIs) {
  const auto before = running(kMade + 60s);
  auto p = before;
  record(p, decided<Wait>(Observed{p, {}, kMade + 70s}), samples::kLater);
  EXPECT_EQ(p, before);
  p["metadata"]["generation"] = 2;  // something else of the spec was changed
  record(p, decided<Wait>(Observed{p, {}, kMade + 70s}), samples::kLater);
  EXPECT_EQ(find_condition(p, "Scheduled")->at("observedGeneration"), 2);
}

}  // namespace
}  // namespace cutline::op::schedule
