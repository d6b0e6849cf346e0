// Times as the API server writes them.
#include "kube/timestamp.hpp"

#include <gtest/gtest.h>

namespace cutline::kube {
namespace {

using namespace std::chrono_literals;

TEST(ATime, IsShownInUtcAndWholeSeconds) {
  EXPECT_EQ(rfc3339(std::chrono::system_clock::time_point{1767323045s + 900ms}), "2026-01-02T03:04:05Z");
}

TEST(ATime, IsReadWithAndWithoutFractionsOfASecond) {
  const std::chrono::sys_seconds expected{1767323045s};
  EXPECT_EQ(parse_time("2026-01-02T03:04:05Z"), expected);
  EXPECT_EQ(parse_time("2026-01-02T03:04:05.123456Z"), expected);
}

TEST(ATime, OfAnotherZoneOrNoneIsNone) {
  EXPECT_FALSE(parse_time("2026-01-02T03:04:05+01:00"));
  EXPECT_FALSE(parse_time("2026-01-02T03:04:05"));
  EXPECT_FALSE(parse_time("yesterday"));
}

}  // namespace
}  // namespace cutline::kube
