// What the webhook does to a pod that takes part.
#include "operator/webhook/inject.hpp"

#include <gmock/gmock.h>

namespace cutline::op::webhook {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const Settings settings{"registry/sidecar:7", "Always", "cutline-operator.cutline-system.svc", "-----PEM-----"};

Json pod_of(const Json& container, const Json& annotations = Json::object()) {
  return {{"metadata", {{"name", "p"}, {"annotations", annotations}}}, {"spec", {{"containers", {container}}}}};
}

Json injected(const Json& pod) {
  auto out = inject(pod, settings);
  if (!out) throw std::runtime_error(out.error().message);
  return std::move(out->pod);
}

Json named(const Json& list, const std::string& name) {
  for (const auto& item : list)
    if (item.value("name", "") == name) return item;
  return {};
}

const Json kServer = {
    {"name", "server"}, {"image", "server:1"}, {"command", {"/server", "--fast"}}, {"args", {"-p", "80"}}};

TEST(Injection, PutsTheLauncherBeforeTheCommandAndLeavesTheArgumentsAlone) {
  const auto container = injected(pod_of(kServer))["spec"]["containers"][0];
  EXPECT_EQ(container["command"], Json({"/.cutline/launcher", "--", "/server", "--fast"}));
  EXPECT_EQ(container["args"], Json({"-p", "80"}));
  EXPECT_EQ(container["image"], "server:1");
}

TEST(Injection, TakesTheCommandOfAnImageFromTheAnnotation) {
  const Json bare = {{"name", "redis"}, {"image", "redis:7"}};
  const auto pod = pod_of(bare, {{"cutline.dev/command.redis", R"(["redis-server", "/etc/redis.conf"])"}});
  EXPECT_EQ(injected(pod)["spec"]["containers"][0]["command"],
            Json({"/.cutline/launcher", "--", "redis-server", "/etc/redis.conf"}));
}

TEST(Injection, PrefersTheContainersOwnCommandToTheAnnotation) {
  const auto pod = pod_of(kServer, {{"cutline.dev/command.server", R"(["/other"])"}});
  EXPECT_EQ(injected(pod)["spec"]["containers"][0]["command"][2], "/server");
}

TEST(Injection, TellsTheLauncherItsContainersNameAndMountsItReadOnly) {
  const auto container = injected(pod_of(kServer))["spec"]["containers"][0];
  EXPECT_EQ(named(container["env"], "CUTLINE_CONTAINER")["value"], "server");
  EXPECT_TRUE(named(container["env"], "CUTLINE_SECCOMP").is_null());
  const auto mount = named(container["volumeMounts"], "cutline-launcher");
  EXPECT_EQ(mount["mountPath"], "/.cutline");
  EXPECT_EQ(mount["readOnly"], true);
}

TEST(Injection, KeepsTheEnvironmentThatWasThere) {
  auto server = kServer;
  server["env"] = {{{"name", "PORT"}, {"value", "80"}}, {{"name", "CUTLINE_CONTAINER"}, {"value", "mine"}}};
  const auto env = injected(pod_of(server))["spec"]["containers"][0]["env"];
  EXPECT_EQ(named(env, "PORT")["value"], "80");
  EXPECT_EQ(named(env, "CUTLINE_CONTAINER")["value"], "mine");
  EXPECT_EQ(env.size(), 2U);
}

TEST(Injection, SwitchesTheSeccompFilterOffWhenAskedTo) {
  const auto env = injected(pod_of(kServer, {{"cutline.dev/seccomp", "off"}}))["spec"]["containers"][0]["env"];
  EXPECT_EQ(named(env, "CUTLINE_SECCOMP")["value"], "off");
}

TEST(Injection, LeavesExcludedContainersAsTheyAre) {
  auto pod = pod_of(kServer, {{"cutline.dev/exclude", "proxy, shipper"}});
  const Json proxy = {{"name", "proxy"}, {"image", "proxy:1"}};
  const Json shipper = {{"name", "shipper"}, {"image", "shipper:1"}};
  pod["spec"]["containers"].push_back(proxy);
  pod["spec"]["containers"].push_back(shipper);
  const auto out = injected(pod);
  EXPECT_EQ(out["spec"]["containers"][1], proxy);
  EXPECT_EQ(out["spec"]["containers"][2], shipper);
  EXPECT_EQ(named(out["spec"]["initContainers"][0]["env"], "CUTLINE_CONTAINERS")["value"], "server");
}

TEST(Injection, NamesAllContainersThatTakePartToTheSidecar) {
  auto pod = pod_of(kServer);
  pod["spec"]["containers"].push_back({{"name", "cache"}, {"command", {"/cache"}}});
  const auto env = injected(pod)["spec"]["initContainers"][0]["env"];
  EXPECT_EQ(named(env, "CUTLINE_CONTAINERS")["value"], "server,cache");
  EXPECT_EQ(named(env, "CUTLINE_OPERATOR")["value"], "cutline-operator.cutline-system.svc");
  EXPECT_EQ(named(env, "CUTLINE_AUTHORITY")["value"], "-----PEM-----");
  EXPECT_EQ(named(env, "POD_UID")["valueFrom"]["fieldRef"]["fieldPath"], "metadata.uid");
}

TEST(Injection, MakesTheSidecarANativeOneThatStartsBeforeTheUsersInitContainers) {
  auto pod = pod_of(kServer);
  pod["spec"]["initContainers"] = {{{"name", "migrate"}}};
  const auto init = injected(pod)["spec"]["initContainers"];
  ASSERT_EQ(init.size(), 2U);
  EXPECT_EQ(init[0]["name"], "cutline-sidecar");
  EXPECT_EQ(init[0]["restartPolicy"], "Always");
  EXPECT_EQ(init[0]["image"], "registry/sidecar:7");
  EXPECT_EQ(init[0]["imagePullPolicy"], "Always");
  EXPECT_EQ(init[0]["securityContext"]["privileged"], true);
  EXPECT_EQ(init[1]["name"], "migrate");
}

TEST(Injection, RunsTheSidecarAsRootAlsoWhereThePodSaysOtherwise) {
  auto pod = pod_of(kServer);
  pod["spec"]["securityContext"] = {{"runAsNonRoot", true}, {"runAsUser", 1000}};
  const auto out = injected(pod);
  EXPECT_EQ(out["spec"]["initContainers"][0]["securityContext"]["runAsUser"], 0);
  EXPECT_EQ(out["spec"]["initContainers"][0]["securityContext"]["runAsNonRoot"], false);
  EXPECT_EQ(out["spec"]["securityContext"], pod["spec"]["securityContext"]);
}

TEST(Injection, GivesThePodOneProcessNamespaceAndTheSidecarsVolumes) {
  const auto spec = injected(pod_of(kServer))["spec"];
  EXPECT_EQ(spec["shareProcessNamespace"], true);
  EXPECT_TRUE(named(spec["volumes"], "cutline-launcher").contains("emptyDir"));
  EXPECT_TRUE(named(spec["volumes"], "cutline-images").contains("emptyDir"));
  const auto token = named(spec["volumes"], "cutline-token")["projected"]["sources"][0]["serviceAccountToken"];
  EXPECT_EQ(token["audience"], "cutline.dev");
  EXPECT_EQ(token["path"], "token");
}

TEST(Injection, ShowsTheTokenToTheSidecarAlone) {
  const auto spec = injected(pod_of(kServer))["spec"];
  EXPECT_TRUE(named(spec["containers"][0]["volumeMounts"], "cutline-token").is_null());
  EXPECT_EQ(named(spec["initContainers"][0]["volumeMounts"], "cutline-token")["mountPath"], "/var/run/secrets/cutline");
}

TEST(Injection, OfAPodThatHasItAlreadyChangesNothing) {
  const auto once = injected(pod_of(kServer));
  const auto again = inject(once, settings);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->pod, once);
  EXPECT_THAT(again->warnings, IsEmpty());
}

TEST(Injection, WarnsOfALivenessProbeThatASnapshotCouldOutlast) {
  auto server = kServer;
  server["livenessProbe"] = {{"periodSeconds", 2}, {"failureThreshold", 2}};
  const auto out = inject(pod_of(server), settings);
  ASSERT_EQ(out->warnings.size(), 1U);
  EXPECT_THAT(out->warnings[0], HasSubstr("container server: its liveness probe gives up after 4 s"));
  EXPECT_THAT(out->warnings[0], HasSubstr("raise failureThreshold"));
}

TEST(Injection, DoesNotWarnOfALivenessProbeWithKubernetesDefaults) {
  auto server = kServer;
  server["livenessProbe"] = {{"tcpSocket", {{"port", 80}}}};
  EXPECT_THAT(inject(pod_of(server), settings)->warnings, IsEmpty());
}

}  // namespace
}  // namespace cutline::op::webhook
