// What a schedule means, and what is said of one that means nothing.
#include "operator/schedule/cron.hpp"

#include <gmock/gmock.h>

namespace cutline::op::schedule {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Wall = std::chrono::local_seconds;

Wall wall(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  return std::chrono::local_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute};
}

Cron cron(std::string_view text) {
  const auto parsed = parse(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return std::get<Cron>(parsed.value());
}

Wall after(std::string_view text, Wall from) { return next_wall(cron(text), from); }

std::string refusal(std::string_view text) {
  const auto parsed = parse(text);
  if (parsed) return "taken";
  EXPECT_EQ(parsed.error().code, Code::Invalid);
  return parsed.error().message;
}

const Wall kMidday = wall(2026, 3, 10, 12, 30);  // a Tuesday

TEST(ASchedule, OfStarsIsDueEveryMinuteAndNeverTwiceInOne) {
  EXPECT_EQ(after("* * * * *", kMidday), kMidday + 1min);
  EXPECT_EQ(after("* * * * *", kMidday + 59s), kMidday + 1min);
  EXPECT_EQ(after("* * * * *", kMidday - 1s), kMidday);
}

TEST(ASchedule, KnowsListsRangesAndSteps) {
  EXPECT_EQ(after("*/20 * * * *", kMidday), wall(2026, 3, 10, 12, 40));
  EXPECT_EQ(after("5,35 * * * *", kMidday), wall(2026, 3, 10, 12, 35));
  EXPECT_EQ(after("0 9-17/4 * * *", kMidday), wall(2026, 3, 10, 13));
  EXPECT_EQ(after("0 9-17/4 * * *", wall(2026, 3, 10, 17)), wall(2026, 3, 11, 9));
  EXPECT_EQ(after("10/25 * * * *", kMidday), wall(2026, 3, 10, 12, 35));
  EXPECT_EQ(after("59 23 31 12 *", kMidday), wall(2026, 12, 31, 23, 59));
}

TEST(ASchedule, KnowsMonthsAndDaysByNameInAnyCase) {
  EXPECT_EQ(after("0 0 * FEB *", kMidday), wall(2027, 2, 1));
  EXPECT_EQ(after("0 0 * jan-mar SAT", kMidday), wall(2026, 3, 14));
  EXPECT_EQ(after("0 0 * * fri-sun", wall(2026, 3, 14)), wall(2026, 3, 15));
}

TEST(ASchedule, TakesSundayAsZeroAndAsSeven) {
  for (const auto* text : {"0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * 7-7"})
    EXPECT_EQ(after(text, kMidday), wall(2026, 3, 15)) << text;
}

// "if both fields are restricted (i.e., do not contain the "*" character), the command will be run when either field
// matches the current time"
TEST(ASchedule, WithBothFieldsOfDaysIsDueWhenEitherMatches) {
  EXPECT_EQ(after("0 0 13 * FRI", kMidday), wall(2026, 3, 13));  // both, a Friday
  EXPECT_EQ(after("0 0 15 * FRI", wall(2026, 3, 13)), wall(2026, 3, 15));
  EXPECT_EQ(after("0 0 15 * FRI", wall(2026, 3, 15)), wall(2026, 3, 20));
}

TEST(ASchedule, WithAStarInOneFieldOfDaysIsDueWhenBothMatch) {
  EXPECT_EQ(after("0 0 */2 * FRI", kMidday), wall(2026, 3, 13));
  EXPECT_EQ(after("0 0 */2 * FRI", wall(2026, 3, 13)), wall(2026, 3, 27));  // the 20th is even
  EXPECT_EQ(after("0 0 ? * FRI", kMidday), wall(2026, 3, 13));
}

TEST(ASchedule, FindsTheTwentyNinthOfFebruaryOverACenturyWithoutOne) {
  EXPECT_EQ(after("0 0 29 2 *", wall(2026, 1, 1)), wall(2028, 2, 29));
  EXPECT_EQ(after("0 0 29 2 *", wall(2096, 3, 1)), wall(2104, 2, 29));
  EXPECT_EQ(after("0 0 29 2 */7", wall(2088, 3, 1)), wall(2128, 2, 29));  // that is a Sunday: 40 years
}

TEST(ASchedule, HasShortNames) {
  EXPECT_EQ(after("@hourly", kMidday), wall(2026, 3, 10, 13));
  EXPECT_EQ(after("@daily", kMidday), wall(2026, 3, 11));
  EXPECT_EQ(after("@midnight", kMidday), wall(2026, 3, 11));
  EXPECT_EQ(after("@weekly", kMidday), wall(2026, 3, 15));
  EXPECT_EQ(after("@monthly", kMidday), wall(2026, 4, 1));
  EXPECT_EQ(after("@yearly", kMidday), wall(2027, 1, 1));
  EXPECT_EQ(after("@annually", kMidday), wall(2027, 1, 1));
}

TEST(ASchedule, OfAnIntervalIsWrittenAsADuration) {
  EXPECT_EQ(std::get<Every>(parse("@every 1h30m").value()).interval, 90min);
  EXPECT_EQ(std::get<Every>(parse("@every 1.5m").value()).interval, 90s);
  EXPECT_THAT(refusal("@every 500ms"), HasSubstr("write whole seconds, from 1s to a year"));
  EXPECT_THAT(refusal("@every 1500ms"), HasSubstr("whole seconds"));
  EXPECT_THAT(refusal("@every 30"), HasSubstr("\"@every 30s\""));
  EXPECT_THAT(refusal("@every"), HasSubstr("\"@every 30s\""));
  EXPECT_THAT(refusal("@every 90000h"), HasSubstr("to a year"));
}

TEST(ABadSchedule, SaysWhichFieldIsWrongAndWhatToWrite) {
  EXPECT_THAT(refusal("60 * * * *"), HasSubstr("minute '60': write 0 to 59"));
  EXPECT_THAT(refusal("* 24 * * *"), HasSubstr("hour '24': write 0 to 23"));
  EXPECT_THAT(refusal("* * 0 * *"), HasSubstr("day of month '0': write 1 to 31"));
  EXPECT_THAT(refusal("* * * JUNE *"), HasSubstr("month 'JUNE': write 1 to 12, or JAN to DEC"));
  EXPECT_THAT(refusal("* * * * 8"), HasSubstr("day of week '8': write 0 to 7, or SUN to SAT"));
  EXPECT_THAT(refusal("* * L * *"), HasSubstr("day of month 'L'"));
  EXPECT_THAT(refusal("? * * * *"), HasSubstr("minute '?'"));
  EXPECT_THAT(refusal("-5 * * * *"), HasSubstr("minute ''"));
  EXPECT_THAT(refusal("* 22-5 * * *"), HasSubstr("hour '22-5': a range goes upwards; write 22-23,0-5"));
  EXPECT_THAT(refusal("1,,2 * * * *"), HasSubstr("something is missing beside a comma"));
  EXPECT_THAT(refusal("*/0 * * * *"), HasSubstr("a step is a number from 1 on"));
  EXPECT_THAT(refusal("*/90 * * * *"), HasSubstr("a step is at most 59 here; for every 90 minutes write @every 90m"));
}

TEST(ABadSchedule, WithoutFiveFieldsSaysWhatTheFiveAre) {
  EXPECT_THAT(refusal("* * * *"),
              HasSubstr("has 4 fields, and five are wanted: minute, hour, day of month, month, day of week"));
  EXPECT_THAT(refusal("*/10 * * * * *"), HasSubstr("\"@every 30s\""));
  EXPECT_THAT(refusal(""), HasSubstr("it is empty"));
}

TEST(ABadSchedule, OfAnUnknownNameOrAZoneSaysWhereThatBelongs) {
  EXPECT_THAT(refusal("@reboot"), HasSubstr("write @hourly, @daily"));
  EXPECT_THAT(refusal("@hourly 5"), HasSubstr("is not known"));
  EXPECT_THAT(refusal("CRON_TZ=Europe/Berlin 0 6 * * *"), HasSubstr("spec.timeZone"));
}

TEST(ABadSchedule, IsOneThatNeverComes) {
  EXPECT_THAT(refusal("0 0 30 2 *"), HasSubstr("never comes"));
  EXPECT_THAT(refusal("0 0 31 4,6,9,11 *"), HasSubstr("never comes"));
  EXPECT_EQ(refusal("0 0 30 2 MON"), "taken");  // the Mondays of February
}

}  // namespace
}  // namespace cutline::op::schedule
