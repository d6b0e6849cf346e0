#include "operator/pods/places.hpp"

#include <gmock/gmock.h>

#include "tests/unit/operator/samples.hpp"

namespace cutline::op {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Json member(const std::string& pod, const std::string& uid) { return {{"pod", pod}, {"uid", uid}}; }

Pod named(const std::string& name, const std::string& uid, const std::string& generate_name = "") {
  auto out = samples::pod(name, "10.0.0.1");
  out.uid = PodUid{uid};
  out.generate_name = generate_name;
  return out;
}

std::string place_of(const std::map<PodUid, const Pod*>& places, const std::string& uid) {
  const auto found = places.find(PodUid{uid});
  return found == places.end() ? "nobody" : found->second->uid.value;
}

TEST(AMember, IsItsOwnPodAsLongAsThatIsThere) {
  const std::vector pods{named("ledger-0", "new"), named("ledger-0", "old")};
  EXPECT_EQ(place_of(places(Json::array({member("ledger-0", "old")}), pods), "old"), "old");
}

TEST(AMember, IsReplacedByThePodOfItsName) {
  const std::vector pods{named("ledger-0", "a"), named("ledger-1", "b")};
  const auto found = places({member("ledger-0", "x"), member("ledger-1", "y")}, pods);
  EXPECT_EQ(place_of(found, "x"), "a");
  EXPECT_EQ(place_of(found, "y"), "b");
}

TEST(AMember, IsReplacedByAPodThatTheSameOwnerNamed) {
  const std::vector pods{named("web-7c9-kk", "c", "web-7c9-"), named("web-7c9-bb", "a", "web-7c9-"),
                         named("api-5d1-zz", "d", "api-5d1-")};
  const auto found = places({member("web-7c9-bb", "a"), member("web-7c9-xx", "x")}, pods);
  EXPECT_EQ(place_of(found, "a"), "a");
  EXPECT_EQ(place_of(found, "x"), "c");
}

TEST(AMember, IsReplacedByNoPodThatIsAnotherMembers) {
  const std::vector pods{named("web-7c9-bb", "a", "web-7c9-")};
  EXPECT_EQ(place_of(places({member("web-7c9-aa", "x"), member("web-7c9-bb", "a")}, pods), "x"), "nobody");
}

TEST(AMember, OfAStatefulSetIsReplacedByNoOtherNumber) {
  auto other = named("ledger-2", "c", "ledger-");
  other.labels["statefulset.kubernetes.io/pod-name"] = "ledger-2";
  EXPECT_EQ(place_of(places(Json::array({member("ledger-1", "x")}), {other}), "x"), "nobody");
}

TEST(AMember, IsReplacedByNoPodThatEndsOrHasNoSidecar) {
  auto ending = named("ledger-0", "a");
  ending.ending = true;
  auto bare = named("ledger-0", "b");
  bare.injected = false;
  EXPECT_THAT(places(Json::array({member("ledger-0", "x")}), {ending, bare}), IsEmpty());
}

TEST(Addresses, GoWithThoseOfTheirFamily) {
  EXPECT_THAT(readdressed({"10.0.0.1", "fd00::1"}, {"fd00::8", "10.0.0.8"}),
              ElementsAre(protocol::Readdress{"10.0.0.1", "10.0.0.8"}, protocol::Readdress{"fd00::1", "fd00::8"}));
  EXPECT_THAT(readdressed({"10.0.0.1"}, {"10.0.0.1"}), IsEmpty()) << "the same as before";
}

}  // namespace
}  // namespace cutline::op
