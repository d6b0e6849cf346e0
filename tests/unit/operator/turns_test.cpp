// Uploads and clearing away take turns in a repository, and neither waits for ever.
#include "operator/repository/turns.hpp"

#include <gtest/gtest.h>

namespace cutline::op::repository {
namespace {

using namespace std::chrono_literals;

struct Repository : testing::Test {
  Turns turns;
  Instant start{std::chrono::hours{1}};
};

TEST_F(Repository, IsHadAloneWhileNobodyUploads) {
  EXPECT_TRUE(turns.may_begin(start));
  EXPECT_TRUE(turns.take(start));
  EXPECT_FALSE(turns.may_begin(start)) << "restic would refuse it";
  turns.give_back();
  EXPECT_TRUE(turns.may_begin(start));
}

TEST_F(Repository, IsClearedOnceTheUploadUnderWayIsOverAndBeforeTheNextBegins) {
  turns.uploads("a", start);
  EXPECT_FALSE(turns.take(start));
  EXPECT_FALSE(turns.may_begin(start + 1s));
  turns.ended("a");
  EXPECT_FALSE(turns.may_begin(start + 2s)) << "it is the turn of what waits";
  EXPECT_TRUE(turns.take(start + 2s));
  turns.give_back();
  EXPECT_TRUE(turns.may_begin(start + 3s));
}

TEST_F(Repository, LetsOthersUploadBesideAnUploadThatTakesItsTimeAndAsksAgainLater) {
  turns.uploads("slow", start);
  EXPECT_FALSE(turns.take(start));
  const auto later = start + Turns::kPatience;
  turns.uploads("slow", later);
  EXPECT_FALSE(turns.take(later));
  EXPECT_TRUE(turns.may_begin(later));
  const auto again = later + Turns::kRest + 1s;
  turns.uploads("slow", again);
  EXPECT_FALSE(turns.take(again));
  EXPECT_FALSE(turns.may_begin(again));
}

TEST_F(Repository, DoesNotWaitForAnUploadThatNobodyHearsOfAnyMore) {
  turns.uploads("lost", start);
  EXPECT_FALSE(turns.take(start));
  EXPECT_TRUE(turns.take(start + Turns::kSilence + 1s));
}

}  // namespace
}  // namespace cutline::op::repository
