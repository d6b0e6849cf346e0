#include "kube/lease_object.hpp"

#include <gtest/gtest.h>

namespace cutline::kube {
namespace {

using namespace std::chrono_literals;
const Instant start = Instant{} + 1h;
const LeaseOptions options{"ns", "operator", "me"};

Json held_by(const std::string& holder, const std::string& renewed = "t0") {
  return {
      {"metadata", {{"resourceVersion", "5"}}},
      {"spec",
       {{"holderIdentity", holder}, {"leaseDurationSeconds", 15}, {"renewTime", renewed}, {"leaseTransitions", 2}}}};
}

TEST(ALeaseOfAnother, ExpiresOnlyAfterItsDurationWithoutAnyChange) {
  Observation other;
  EXPECT_FALSE(other.expired(held_by("it", "t0"), start));
  EXPECT_FALSE(other.expired(held_by("it", "t0"), start + 14s));
  EXPECT_FALSE(other.expired(held_by("it", "t1"), start + 15s));  // renewed: the wait starts anew
  EXPECT_FALSE(other.expired(held_by("it", "t1"), start + 29s));
  EXPECT_TRUE(other.expired(held_by("it", "t1"), start + 30s));
}

// Fault 32: what the Lease says of times does not matter.
TEST(ALeaseOfAnother, IsNotExpiredByTheTimeWrittenInIt) {
  Observation other;
  EXPECT_FALSE(other.expired(held_by("it", "1970-01-01T00:00:00.000000Z"), start));
}

TEST(ALeaseOfNobody, MayBeTakenAtOnce) {
  Observation other;
  EXPECT_TRUE(other.expired(held_by(""), start));
  EXPECT_TRUE(other.expired({{"metadata", Json::object()}}, start));
}

TEST(TakingALease, CountsTheTermUpUnderTheVersionItSaw) {
  const auto patch = take_over(held_by("it"), options, "now");
  EXPECT_EQ(resource_version_of(patch), "5");
  EXPECT_EQ(holder_of(patch), "me");
  EXPECT_EQ(transitions_of(patch), 3);
  EXPECT_FALSE(patch["metadata"].contains("annotations"));
}

TEST(AnEpoch, IsZeroBeforeTheFirst) { EXPECT_EQ(epoch_of(held_by("me")).value_or(9), 0U); }

TEST(AnEpoch, IsReadBackAsItWasDrawn) {
  constexpr std::uint64_t greatest = 18'446'744'073'709'551'615ULL;
  EXPECT_EQ(epoch_of(draw_epoch(held_by("me"), greatest)).value_or(0), greatest);
}

TEST(AnEpoch, ThatIsNoNumberIsCorrupt) {
  for (const auto* text : {"", "x", "7x", "-1", "99999999999999999999"}) {
    auto lease = held_by("me");
    lease["metadata"]["annotations"] = {{epoch_annotation, text}};
    EXPECT_EQ(epoch_of(lease).error().code, Code::Corrupt) << text;
  }
}

}  // namespace
}  // namespace cutline::kube
