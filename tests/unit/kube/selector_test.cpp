#include "kube/selector.hpp"

#include <gtest/gtest.h>

namespace cutline::kube {
namespace {

const Json kLabels = {{"app", "ledger"}, {"tier", "db"}, {"empty", ""}};

Selector with(std::vector<Requirement> expressions) { return {{{"app", "ledger"}}, std::move(expressions)}; }

TEST(ASelector, NeedsEachOfItsLabelsWithExactlyItsValue) {
  EXPECT_TRUE((Selector{{{"app", "ledger"}, {"tier", "db"}}, {}}.matches(kLabels)));
  EXPECT_FALSE((Selector{{{"app", "ledger"}, {"tier", "web"}}, {}}.matches(kLabels)));
  EXPECT_FALSE((Selector{{{"zone", "a"}}, {}}.matches(kLabels)));
}

TEST(ASelector, TellsALabelWithoutValueFromOneThatIsMissing) {
  EXPECT_TRUE((Selector{{{"empty", ""}}, {}}.matches(kLabels)));
  EXPECT_FALSE((Selector{{{"missing", ""}}, {}}.matches(kLabels)));
}

TEST(ASelector, KnowsTheFourOperatorsOfKubernetes) {
  EXPECT_TRUE(with({{"tier", "In", {"web", "db"}}}).matches(kLabels));
  EXPECT_FALSE(with({{"tier", "In", {"web"}}}).matches(kLabels));
  EXPECT_FALSE(with({{"zone", "In", {"a"}}}).matches(kLabels));
  EXPECT_TRUE(with({{"tier", "NotIn", {"web"}}}).matches(kLabels));
  EXPECT_FALSE(with({{"tier", "NotIn", {"db"}}}).matches(kLabels));
  EXPECT_TRUE(with({{"zone", "NotIn", {"a"}}}).matches(kLabels));  // as in Kubernetes: a missing label is in no list
  EXPECT_TRUE(with({{"tier", "Exists", {}}}).matches(kLabels));
  EXPECT_FALSE(with({{"zone", "Exists", {}}}).matches(kLabels));
  EXPECT_TRUE(with({{"zone", "DoesNotExist", {}}}).matches(kLabels));
  EXPECT_FALSE(with({{"tier", "DoesNotExist", {}}}).matches(kLabels));
}

TEST(ASelector, MustBeMetInAllItsParts) {
  EXPECT_FALSE(with({{"tier", "Exists", {}}, {"zone", "Exists", {}}}).matches(kLabels));
  EXPECT_FALSE((Selector{{{"app", "other"}}, {{"tier", "Exists", {}}}}.matches(kLabels)));
}

TEST(ASelector, IsWrittenAsKubectlTakesIt) {
  EXPECT_EQ(with({{"tier", "In", {"a", "b"}}, {"zone", "NotIn", {"c"}}, {"x", "Exists", {}}, {"y", "DoesNotExist", {}}})
                .query(),
            "app=ledger,tier in (a,b),zone notin (c),x,!y");
}

}  // namespace
}  // namespace cutline::kube
