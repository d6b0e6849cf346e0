// What is said of a server that does not serve yet.
#include <gmock/gmock.h>

#include "operator/repository/server_plan.hpp"

namespace cutline::op::repository {
namespace {

using testing::HasSubstr;

const Json kRepository = {{"metadata", {{"name", "backups"}, {"namespace", "shop"}}},
                          {"spec", {{"volume", {{"claimName", "snapshots"}}}}}};
const Json kFolder = {{"metadata", {{"name", "backups"}, {"namespace", "shop"}}},
                      {"spec", {{"volume", {{"hostPath", "/srv"}}}}}};
const Json kNew = {{"metadata", {{"generation", 1}}}};
const Json kServing = {{"metadata", {{"generation", 2}}},
                       {"status", {{"observedGeneration", 2}, {"updatedReplicas", 1}, {"readyReplicas", 1}}}};

Json claim(const char* phase) { return {{"metadata", {{"name", "snapshots"}}}, {"status", {{"phase", phase}}}}; }
Json pod(const char* name, const Json& status, const char* made = "2026-01-01T00:00:00Z") {
  return {{"metadata", {{"name", name}, {"creationTimestamp", made}}},
          {"spec", {{"nodeName", "node-1"}}},
          {"status", status}};
}
Json unscheduled(const char* message) {
  return {{"conditions",
           Json::array(
               {{{"type", "PodScheduled"}, {"status", "False"}, {"reason", "Unschedulable"}, {"message", message}}})}};
}
Json waiting(const char* reason, const char* message, const char* said = nullptr) {
  Json container = {{"name", "repository"}, {"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}};
  if (said != nullptr) container["lastState"] = {{"terminated", {{"exitCode", 1}, {"message", said}}}};
  return {{"containerStatuses", Json::array({container})}};
}

Error error(const Standing& standing) {
  const auto* out = std::get_if<Error>(&standing);
  return out == nullptr ? Error{Code::Internal, "no error"} : *out;
}
std::string starts(const Standing& standing) {
  const auto* out = std::get_if<Starts>(&standing);
  return out == nullptr ? "does not start" : out->what;
}

TEST(AServer, ServesOnceAPodOfItsPresentTemplateIsReady) {
  EXPECT_TRUE(std::holds_alternative<Serves>(standing(kRepository, kServing, claim("Bound"), {})));
  EXPECT_TRUE(std::holds_alternative<Serves>(standing(kFolder, kServing, {}, {})));
  auto changed = kServing;
  changed["metadata"]["generation"] = 3;
  EXPECT_TRUE(std::holds_alternative<Starts>(standing(kRepository, changed, claim("Bound"), {})));
}

TEST(AServer, LacksItsClaim) {
  const auto why = error(standing(kRepository, kNew, {}, {}));
  EXPECT_EQ(why.code, Code::NotFound);
  EXPECT_THAT(why.message, HasSubstr("no PersistentVolumeClaim snapshots"));
  EXPECT_EQ(error(standing(kRepository, kServing, {}, {})).code, Code::NotFound)
      << "who serves what is being deleted does not for long";
  EXPECT_THAT(error(standing(kRepository, kServing, claim("Lost"), {})).message, HasSubstr("has lost its volume"));
}

TEST(AServer, FindsNoNodeAndSaysThatItsClaimIsNotBound) {
  const auto why = error(
      standing(kRepository, kNew, claim("Pending"),
               {pod("p", unscheduled("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."))}));
  EXPECT_EQ(why.code, Code::Unavailable);
  EXPECT_THAT(why.message,
              testing::AllOf(HasSubstr("p finds no node"), HasSubstr("PersistentVolumeClaim snapshots is not bound"),
                             HasSubstr("0/1 nodes")));
  EXPECT_THAT(error(standing(kFolder, kNew, {}, {pod("p", unscheduled("0/1 nodes"))})).message,
              testing::Not(HasSubstr("PersistentVolumeClaim")));
}

TEST(AServer, CrashesAndSaysItsLastWords) {
  const auto why =
      error(standing(kRepository, kNew, claim("Bound"),
                     {pod("p", waiting("CrashLoopBackOff", "back-off 10s", "error: open /keys/tls.crt\n"))}));
  EXPECT_EQ(why.code, Code::Unavailable);
  EXPECT_THAT(why.message,
              testing::EndsWith("p does not run: CrashLoopBackOff: back-off 10s: error: open /keys/tls.crt"));
}

TEST(AServer, HasNoImage) {
  EXPECT_THAT(error(standing(kRepository, kNew, claim("Bound"),
                             {pod("p", waiting("ErrImageNeverPull", "image x is not present"))}))
                  .message,
              HasSubstr("ErrImageNeverPull: image x is not present"));
}

TEST(AServer, IsRefusedByTheNamespace) {
  auto refused = kNew;
  refused["status"]["conditions"] = Json::array(
      {{{"type", "ReplicaFailure"}, {"status", "True"}, {"message", "violates PodSecurity \"baseline:latest\""}}});
  const auto why = error(standing(kFolder, refused, {}, {}));
  EXPECT_EQ(why.code, Code::Invalid);
  EXPECT_THAT(why.message, HasSubstr("violates PodSecurity"));
}

TEST(AServer, ThatTheOperatorHasNoRightsToMakeNamesTheChartsValue) {
  const auto rights =
      not_made({Code::Unsupported,
                "PATCH /apis/apps/v1/x: deployments.apps \"repository-backups\" is forbidden: User "
                "\"system:serviceaccount:cutline-system:cutline-operator\" "
                "cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\" (HTTP 403)"},
               "Deployment repository-backups");
  EXPECT_EQ(rights.code, Code::Invalid);
  EXPECT_THAT(rights.message, testing::AllOf(HasSubstr("here its Deployment repository-backups"),
                                             HasSubstr("repositories.volumes=true")));
  const auto quota = not_made(
      {Code::Unsupported,
       "services \"repository-backups\" is forbidden: exceeded quota: few, requested: count/services=1 (HTTP 403)"},
      "Service repository-backups");
  EXPECT_EQ(quota.code, Code::Invalid);
  EXPECT_THAT(quota.message,
              testing::AllOf(HasSubstr("exceeded quota"), testing::Not(HasSubstr("repositories.volumes"))));
  EXPECT_EQ(not_made({Code::Unavailable, "away"}, "Service").code, Code::Unavailable);
}

TEST(AServer, ThatIsOnItsWayIsNoTrouble) {
  EXPECT_THAT(starts(standing(kRepository, kNew, claim("Pending"), {})), HasSubstr("not bound"));
  EXPECT_THAT(starts(standing(kRepository, kNew, claim("Bound"), {pod("p", waiting("ContainerCreating", ""))})),
              HasSubstr("p is starting on node node-1"));
}

TEST(AServer, IsSpokenOfByItsLatestPod) {
  auto ending = pod("older", waiting("CrashLoopBackOff", ""));
  ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:09Z";
  EXPECT_THAT(starts(standing(kRepository, kNew, claim("Bound"), {ending})), HasSubstr("is being started"));
  EXPECT_THAT(starts(standing(kRepository, kNew, claim("Bound"),
                              {pod("b", waiting("ContainerCreating", ""), "2026-01-01T00:00:05Z"),
                               pod("a", waiting("CrashLoopBackOff", ""))})),
              HasSubstr("pod b"));
}

}  // namespace
}  // namespace cutline::op::repository
