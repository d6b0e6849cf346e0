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
  EXPECT_EQ(parse_duration("87600h").error().code, Code::Invalid);  // more than a year is a mistake here
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

}  // namespace
}  // namespace cutline::op
