// Pods that cannot take part as they are: the message says what to write.
#include <gmock/gmock.h>

#include "operator/webhook/inject.hpp"

namespace cutline::op::webhook {
namespace {

using testing::HasSubstr;

const Settings settings{"sidecar", "Always", "host", "pem"};

Json pod_of(const Json& container, const Json& annotations = Json::object()) {
  return {{"metadata", {{"name", "p"}, {"annotations", annotations}}}, {"spec", {{"containers", {container}}}}};
}

Error refused(const Json& pod) {
  const auto out = inject(pod, settings);
  if (out) throw std::runtime_error("it was taken");
  return out.error();
}

const Json kBare = {{"name", "redis"}, {"image", "redis:7"}};

TEST(Refusal, OfAContainerWithoutCommandNamesTheThreeRemedies) {
  const auto why = refused(pod_of(kBare));
  EXPECT_EQ(why.code, Code::Invalid);
  EXPECT_THAT(why.message, HasSubstr("container redis has no command"));
  EXPECT_THAT(why.message, HasSubstr("spec.containers[].command"));
  EXPECT_THAT(why.message, HasSubstr(R"(cutline.dev/command.redis: '["/path/to/program"]')"));
  EXPECT_THAT(why.message, HasSubstr("cutline.dev/exclude: redis"));
}

TEST(Refusal, OfAnAnnotationThatIsNoListOfWordsShowsWhatWasWritten) {
  for (const auto* text : {"redis-server", R"("redis-server")", "[]", "[1]", "[\"redis-server\""}) {
    const auto why = refused(pod_of(kBare, {{"cutline.dev/command.redis", text}}));
    EXPECT_EQ(why.code, Code::Invalid);
    EXPECT_THAT(why.message, HasSubstr("must be a JSON array of strings"));
    EXPECT_THAT(why.message, HasSubstr(std::string{"and is: "} + text));
  }
}

TEST(Refusal, OfAPodInTheNodesNetworkSaysThatTheGateWouldHoldTheNodesTraffic) {
  auto pod = pod_of({{"name", "server"}, {"command", {"/server"}}});
  pod["spec"]["hostNetwork"] = true;
  EXPECT_THAT(refused(pod).message, HasSubstr("remove spec.hostNetwork or the label cutline.dev/inject"));
}

TEST(Refusal, OfAPodInTheNodesProcessNamespaceNamesTheField) {
  auto pod = pod_of({{"name", "server"}, {"command", {"/server"}}});
  pod["spec"]["hostPID"] = true;
  EXPECT_THAT(refused(pod).message, HasSubstr("remove spec.hostPID or the label cutline.dev/inject"));
}

TEST(Refusal, OfAPodThatExcludesAllItsContainersSaysThatNothingWouldBeSaved) {
  EXPECT_THAT(refused(pod_of(kBare, {{"cutline.dev/exclude", "redis"}})).message, HasSubstr("nothing would be saved"));
}

}  // namespace
}  // namespace cutline::op::webhook
