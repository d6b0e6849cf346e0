// How durations are written in the API.
#include "operator/api/text.hpp"

#include <gtest/gtest.h>

namespace cutline::op {
namespace {

using namespace std::chrono_literals;

TEST(ADuration, IsReadAsTheSchemaAllowsIt) {
  EXPECT_EQ(parse_duration("5s").value(), 5s);
  EXPECT_EQ(parse_duration("800ms").value(), 800ms);
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("1m0.5s").value(), 60500ms);
  EXPECT_EQ(parse_duration("90000h").error().code, Code::Invalid);  // more than a year is a mistake here
}

TEST(ADuration, ThatIsNoneIsInvalidAndShowsAnExample) {
  for (const auto* text : {"", "5", "s", "5 s", "5x", "-5s", "5s!", "1s5", "nans", "infs", "9999999h"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::Invalid);
    EXPECT_NE(parsed.error().message.find("for example 5s"), std::string::npos);
  }
}

TEST(ADuration, IsShownShortEnoughForAColumn) {
  EXPECT_EQ(show(Micros{950}), "950us");
  EXPECT_EQ(show(Micros{12'345}), "12.3ms");
  EXPECT_EQ(show(Micros{4'712'000}), "4.71s");
}

TEST(ASize, IsReadAsKubernetesWritesIt) {
  EXPECT_EQ(*parse_size("450"), 450U);
  EXPECT_EQ(*parse_size("1.5k"), 1500U);
  EXPECT_EQ(*parse_size("20Gi"), 20ULL << 30U);
  for (const auto* bad : {"", "Gi", "20GB", "-1", "1e30E"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

}  // namespace
}  // namespace cutline::op
