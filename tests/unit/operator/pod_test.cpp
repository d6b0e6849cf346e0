#include "operator/pods/pod.hpp"

#include <gmock/gmock.h>

#include "operator/api/resources.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op {
namespace {

using namespace samples;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(APod, IsReadWithAllThatARoundNeeds) {
  auto object = pod_object("ledger-0", "10.0.0.1");
  object["status"]["podIPs"].push_back({{"ip", "fd00::1"}});
  const auto read = read_pod(object);
  EXPECT_EQ(read.uid, PodUid{"ledger-0-uid"});
  EXPECT_EQ(read.name, "ledger-0");
  EXPECT_EQ(read.node, "node-a");
  EXPECT_THAT(read.addresses, ElementsAre("10.0.0.1", "fd00::1"));
  EXPECT_TRUE(read.asks && read.injected && read.sidecar_ready);
  EXPECT_FALSE(read.ending);
  EXPECT_THAT(read.not_running, IsEmpty());
}

TEST(APod, AsksToTakePartByTheLabelsExactValueAlone) {
  auto object = pod_object("ledger-0", "10.0.0.1");
  for (const auto* value : {"True", "yes", "false", ""}) {
    object["metadata"]["labels"][kInjectLabel] = value;
    EXPECT_FALSE(read_pod(object).asks) << value;
  }
}

TEST(APod, HasNoReadySidecarBeforeThatHasStarted) {
  auto object = pod_object("ledger-0", "10.0.0.1");
  object["status"]["initContainerStatuses"][0]["started"] = false;
  EXPECT_FALSE(read_pod(object).sidecar_ready);
}

TEST(APod, NamesTheContainersThatAreNotRunning) {
  auto object = pod_object("ledger-0", "10.0.0.1");
  object["status"]["containerStatuses"].push_back(
      {{"name", "cache"}, {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}}});
  EXPECT_THAT(read_pod(object).not_running, ElementsAre("cache"));
}

TEST(APod, IsEndingWhenItIsDeletedOrItsContainersAreDone) {
  auto deleted = pod_object("ledger-0", "10.0.0.1");
  deleted["metadata"]["deletionTimestamp"] = kNow;
  EXPECT_TRUE(read_pod(deleted).ending);
  for (const auto* phase : {"Succeeded", "Failed"}) {
    auto done = pod_object("ledger-0", "10.0.0.1");
    done["status"]["phase"] = phase;
    EXPECT_TRUE(read_pod(done).ending) << phase;
  }
}

TEST(APod, ThatIsNotYetScheduledIsReadWithoutWhatItHasNot) {
  const Json pending = {{"metadata", {{"name", "p"}, {"uid", "u"}}},
                        {"spec", {{"containers", Json::array()}}},
                        {"status", {{"phase", "Pending"}}}};
  const auto read = read_pod(pending);
  EXPECT_FALSE(read.asks || read.injected || read.sidecar_ready || read.ending);
  EXPECT_THAT(read.addresses, IsEmpty());
}

}  // namespace
}  // namespace cutline::op
