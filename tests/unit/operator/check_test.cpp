// When a repository is checked again.
#include "operator/repository/check.hpp"

#include <gtest/gtest.h>

#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::repository {
namespace {

using namespace std::chrono_literals;

const auto kNoon = *kube::parse_time("2026-01-02T12:00:00Z");

struct ARepository : testing::Test {
  kube::Json object = {{"spec", kube::Json::object()}, {"status", kube::Json::object()}};
  void checked(std::chrono::seconds ago, bool intact) {
    object["status"]["lastCheck"] = kube::rfc3339(kNoon - ago);
    set_condition(object, {"Intact", intact, "x", "x"}, samples::kNow);
  }
  [[nodiscard]] Millis wait() const { return until_check(object, kNoon); }
};

TEST_F(ARepository, ThatWasNeverCheckedIsCheckedNow) { EXPECT_EQ(wait(), 0ms); }

TEST_F(ARepository, IsCheckedOnceADayAndAPartOfItReadUnlessItsSpecSaysOtherwise) {
  checked(20h, true);
  EXPECT_EQ(wait(), 4h);
  EXPECT_EQ(read_check_spec(object).read_data, "5%");
  object["spec"]["check"] = {{"interval", "1h"}, {"readData", "100%"}};
  EXPECT_EQ(wait(), 0ms);
  EXPECT_EQ(read_check_spec(object).read_data, "100%");
}

TEST_F(ARepository, ThatIsDamagedIsLookedAtAgainSoon) {
  checked(4min, false);
  EXPECT_EQ(wait(), 6min);
  object["spec"]["check"] = {{"interval", "5m"}};
  EXPECT_EQ(wait(), 1min);
}

}  // namespace
}  // namespace cutline::op::repository
