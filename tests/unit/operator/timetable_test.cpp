// A schedule where the clock is changed.
#include "operator/schedule/timetable.hpp"

#include <gmock/gmock.h>

#include "kube/timestamp.hpp"

namespace cutline::op::schedule {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Time at(const std::string& text) { return kube::parse_time(text).value(); }

Timetable table(const char* expression, const char* zone = "UTC", Time anchor = {}) {
  const auto found = Zone::find(zone);
  EXPECT_TRUE(found) << (found ? "" : found.error().message);
  return {parse(expression).value(), found.value(), anchor};
}

std::vector<std::string> due(const Timetable& table, const std::string& from, const std::string& until) {
  std::vector<std::string> out;
  for (auto t = table.next(at(from)); t <= at(until); t = table.next(t)) out.push_back(kube::rfc3339(t).substr(11, 5));
  return out;
}

// On 2026-03-29 in Berlin 02:00 (01:00 UTC) becomes 03:00.
TEST(AFixedTime, ThatIsSkippedIsDueAtTheFirstMomentAfterTheGap) {
  EXPECT_THAT(due(table("30 2 * * *", "Europe/Berlin"), "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
              ElementsAre("01:00"));
  EXPECT_THAT(due(table("30 2 * * *", "Europe/Berlin"), "2026-03-29T12:00:00Z", "2026-03-30T12:00:00Z"),
              ElementsAre("00:30"));
}

TEST(AFixedTime, IsDueOnceForAllThatIsSkippedAndForWhatIsDueThenAnyway) {
  EXPECT_THAT(due(table("*/15 2,3 * * *", "Europe/Berlin"), "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z"),
              ElementsAre("01:00", "01:15", "01:30", "01:45"));
}

// On 2026-10-25 in Berlin 03:00 (01:00 UTC) becomes 02:00.
TEST(AFixedTime, ThatExistsTwiceIsDueAtTheFirst) {
  EXPECT_THAT(due(table("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
              ElementsAre("00:30"));
  EXPECT_THAT(due(table("*/30 1,2,3 * * *", "Europe/Berlin"), "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
              ElementsAre("23:00", "23:30", "00:00", "00:30", "02:00", "02:30"));
}

TEST(AnInterval, GoesOnThroughTheHourThatComesTwice) {
  EXPECT_THAT(due(table("*/30 * * * *", "Europe/Berlin"), "2026-10-24T23:59:00Z", "2026-10-25T02:00:00Z"),
              ElementsAre("00:00", "00:30", "01:00", "01:30", "02:00"));
  EXPECT_THAT(due(table("@hourly", "Europe/Berlin"), "2026-10-24T22:59:00Z", "2026-10-25T02:00:00Z"),
              ElementsAre("23:00", "00:00", "01:00", "02:00"));
}

TEST(AnInterval, GoesOnOverTheHourThatIsSkipped) {
  EXPECT_THAT(due(table("*/30 * * * *", "Europe/Berlin"), "2026-03-29T00:15:00Z", "2026-03-29T02:00:00Z"),
              ElementsAre("00:30", "01:00", "01:30", "02:00"));
}

// 02:00 standard time becomes 02:30: half an hour.
TEST(AnInterval, FollowsAWallClockThatIsChangedByHalfAnHour) {
  EXPECT_THAT(due(table("@hourly", "Australia/Lord_Howe"), "2026-10-03T13:00:00Z", "2026-10-03T17:00:00Z"),
              ElementsAre("13:30", "14:30", "16:00", "17:00"));
}

TEST(AFixedTime, OnADayThatAZoneSkippedIsDueAsTheNextDayBegins) {
  EXPECT_THAT(due(table("0 12 30 12 *", "Pacific/Apia"), "2011-12-28T00:00:00Z", "2012-01-02T00:00:00Z"),
              ElementsAre("10:00"));
}

TEST(AZone, IsReadWithTheRulesOfYearsToCome) {
  // Fails where the database lists no changes of the future: see zone.hpp.
  EXPECT_THAT(due(table("0 12 * * *", "America/New_York"), "2036-07-01T00:00:00Z", "2036-07-02T00:00:00Z"),
              ElementsAre("16:00"));
  EXPECT_THAT(due(table("0 12 * * *", "Asia/Kolkata"), "2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z"),
              ElementsAre("06:30"));
}

TEST(AZone, ThatIsNotThereIsRefusedWithWhatToWrite) {
  for (const auto* name : {"Europe/Bonn", "MEZ", "europe/berlin", "../../etc/passwd"}) {
    const auto zone = Zone::find(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().code, Code::Invalid);
    EXPECT_THAT(zone.error().message, HasSubstr("write a name of the IANA database, for example Europe/Berlin"));
  }
}

TEST(AGrid, IsAnchoredAndKnowsNoWallClock) {
  const auto every = table("@every 40s", "Europe/Berlin", at("2026-03-01T00:00:07Z"));
  EXPECT_EQ(every.next(at("2026-02-01T00:00:00Z")), at("2026-03-01T00:00:47Z"));
  EXPECT_EQ(every.next(at("2026-03-01T00:00:07Z")), at("2026-03-01T00:00:47Z"));
  EXPECT_EQ(every.next(at("2026-03-01T00:00:47Z")), at("2026-03-01T00:01:27Z"));
  EXPECT_EQ(every.next(at("2026-03-01T00:01:26Z")), at("2026-03-01T00:01:27Z"));
}

TEST(TheLatest, IsTheLastOneInTheTimeAskedAbout) {
  const auto daily = table("0 6 * * *");
  EXPECT_EQ(daily.latest(at("2026-03-01T00:00:00Z"), at("2026-03-09T05:59:59Z")), at("2026-03-08T06:00:00Z"));
  EXPECT_EQ(daily.latest(at("2026-03-01T00:00:00Z"), at("2026-03-09T06:00:00Z")), at("2026-03-09T06:00:00Z"));
  EXPECT_EQ(daily.latest(at("2026-03-08T06:00:00Z"), at("2026-03-09T05:59:59Z")), std::nullopt);
  EXPECT_EQ(daily.latest(at("2026-03-08T05:59:59Z"), at("2026-03-08T06:00:00Z")), at("2026-03-08T06:00:00Z"));
  EXPECT_EQ(daily.latest(at("2026-03-08T06:00:00Z"), at("2026-03-08T06:00:00Z")), std::nullopt);
}

TEST(TheLatest, IsFoundAfterYears) {
  EXPECT_EQ(table("* * * * *").latest(at("1990-01-01T00:00:00Z"), at("2026-03-09T05:59:59Z")),
            at("2026-03-09T05:59:00Z"));
  EXPECT_EQ(table("* * 1 1 *").latest(at("1990-01-01T00:00:00Z"), at("2026-12-31T05:59:59Z")),
            at("2026-01-01T23:59:00Z"));
}

}  // namespace
}  // namespace cutline::op::schedule
