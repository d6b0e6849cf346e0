// Snapshots by the clock: made once each, also over kill -9 of the operator, and told of when they are left out.
#include "kube/timestamp.hpp"
#include "operator/schedule/record.hpp"
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using namespace std::chrono_literals;
using op::schedule::Time;
using protocol::Abort;
using protocol::Request;
using testing::HasSubstr;

struct Schedule : OperatorTest {
  // The snapshots that the schedule has made, by the time that they were due.
  std::map<Time, Json> made() {
    std::map<Time, Json> out;
    const auto listed = client().list(op::kSnapshots, ns, fmt::format("{}=ledger", op::schedule::kPolicyLabel), soon());
    EXPECT_TRUE(listed) << listed.error().message;
    if (!listed) return out;
    for (const auto& item : (*listed)["items"]) {
      const auto due = kube::parse_time(item["metadata"]["annotations"].value(op::schedule::kScheduledAt, ""));
      EXPECT_TRUE(due);
      EXPECT_EQ(kube::key_of(item).name, op::schedule::snapshot_name("ledger", due.value_or(Time{})));
      EXPECT_TRUE(out.emplace(due.value_or(Time{}), item).second);
    }
    return out;
  }
  [[nodiscard]] bool becomes_many(std::size_t count) {
    return eventually([&] { return made().size() >= count; }, soon());
  }
  [[nodiscard]] bool scheduled(const std::string& reason) {
    return becomes(op::kPolicies, "ledger",
                   [&](const Json& object) { return condition(object, "Scheduled", "reason") == reason; });
  }
  // An event about the policy with one of these reasons.
  [[nodiscard]] bool told(const std::set<std::string>& reasons) {
    return eventually(
        [&] {
          const auto events = client().list({"", "v1", "events"}, ns, "", soon());
          return events && std::ranges::any_of((*events)["items"], [&](const Json& event) {
                   return reasons.contains(event.value("reason", "")) &&
                          event["involvedObject"].value("name", "") == "ledger";
                 });
        },
        soon());
  }
  void change(const Json& spec) {
    const auto changed = client().merge_patch(op::kPolicies, {ns, "ledger"}, {{"spec", spec}}, soon());
    ASSERT_TRUE(changed) << changed.error().message;
  }
};

TEST_F(Schedule, OfEveryTwoSecondsMakesEachSnapshotOnceOverRestartsOfTheOperator) {
  auto& a = pod("ledger-0");
  const auto anchor = kube::parse_time(policy({{"schedule", "@every 2s"}})["metadata"]["creationTimestamp"]).value();
  ASSERT_TRUE(becomes_many(3));
  for (const std::size_t more : {2U, 3U}) {
    installation().kill_operator();
    const auto before = made().size();
    const auto started = installation().start_operator();
    ASSERT_TRUE(started) << started.error().message;
    ASSERT_TRUE(becomes_many(before + more));
  }
  change({{"suspend", true}});
  ASSERT_TRUE(scheduled("Suspended"));

  const auto all = made();
  for (const auto& [due, object] : all) EXPECT_EQ((due - anchor).count() % 2, 0) << kube::key_of(object).name;
  // What was left out, for its operator was dead then, was told of.
  bool gaps = false;
  for (auto it = all.begin(); std::next(it) != all.end(); ++it) gaps = gaps || std::next(it)->first - it->first > 2s;
  EXPECT_TRUE(!gaps || told({"Missed", "StillRunning"}));
  // One round each. Those that were under way at a kill have failed.
  for (const auto& [due, object] : all)
    ASSERT_TRUE(becomes(op::kSnapshots, kube::key_of(object).name, [](const Json& o) { return op::has_ended(o); }));
  const auto requests = a.heard_of<Request>();
  EXPECT_LE(requests.size(), all.size());
  EXPECT_EQ(std::set(requests.begin(), requests.end()).size(), requests.size());

  const auto status = read(op::kPolicies, "ledger").value()["status"];
  EXPECT_EQ(status["lastScheduleTime"], kube::rfc3339(all.rbegin()->first));
  EXPECT_FALSE(status.contains("nextScheduleTime"));
  EXPECT_THAT(installation().metrics().value_or(""), HasSubstr(R"(cutline_scheduled_total{outcome="made"})"));
}

TEST_F(Schedule, SaysWhenTheNextOneIsDueInItsTimeZone) {
  (void)policy({{"schedule", "30 12 1 1 *"}, {"timeZone", "Asia/Kolkata"}});
  ASSERT_TRUE(scheduled("InEffect"));
  EXPECT_THAT(kube::string_at(read(op::kPolicies, "ledger").value(), "/status/nextScheduleTime"),
              testing::EndsWith("-01-01T07:00:00Z"));
  EXPECT_FALSE(op::find_condition(read(op::kPolicies, "ledger").value(), "NotImplemented"));
}

TEST_F(Schedule, ThatNeverComesSaysSoAndGoesOnWhenItIsMended) {
  (void)pod("ledger-0");
  (void)policy({{"schedule", "0 0 30 2 *"}});
  ASSERT_TRUE(scheduled("InvalidSchedule"));
  EXPECT_THAT(condition(read(op::kPolicies, "ledger").value(), "Scheduled", "message"), HasSubstr("never comes"));
  EXPECT_TRUE(told({"InvalidSchedule"}));
  change({{"schedule", "@every 1s"}});
  EXPECT_TRUE(becomes_many(1));
}

TEST_F(Schedule, InAZoneThatIsNotThereSaysSo) {
  (void)policy({{"schedule", "@daily"}, {"timeZone", "Europe/Bonn"}});
  ASSERT_TRUE(scheduled("InvalidTimeZone"));
  EXPECT_THAT(condition(read(op::kPolicies, "ledger").value(), "Scheduled", "message"), HasSubstr("'Europe/Bonn'"));
}

TEST_F(Schedule, LeavesOutWhatIsDueWhileThePreviousRuns) {
  auto& a = pod("ledger-0");
  a.behave(silent_to<Request>());
  (void)policy({{"schedule", "@every 1s"}, {"deadline", "10s"}});
  ASSERT_TRUE(scheduled("StillRunning"));
  EXPECT_TRUE(told({"StillRunning"}));
  EXPECT_EQ(made().size(), 1U);
}

TEST_F(Schedule, ReplacesThePreviousOneWhenItIsToldTo) {
  auto& a = pod("ledger-0");
  a.behave(silent_to<Request>());
  (void)policy({{"schedule", "@every 3s"}, {"deadline", "5s"}, {"concurrencyPolicy", "Replace"}});
  ASSERT_TRUE(becomes_many(2));
  const auto first = kube::key_of(made().begin()->second).name;
  ASSERT_TRUE(becomes(op::kSnapshots, first,
                      [](const Json& object) { return condition(object, "Failed", "reason") == "Replaced"; }));
  change({{"suspend", true}});
  EXPECT_TRUE(a.wait_for<Abort>(soon()));
  EXPECT_FALSE(op::is_true(read(op::kSnapshots, first).value(), "Committed"));
}

}  // namespace
}  // namespace cutline::test
