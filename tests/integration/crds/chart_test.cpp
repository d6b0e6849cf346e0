// The chart, installed into a server of its own by helm: what an upgrade and an uninstall do to CRDs, and who may do
// what.
#include <filesystem>

#include "tests/integration/crds/fixture.hpp"

namespace cutline::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string ns = "cutline-system";

class Chart : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = ApiServer::start(Deadline::after(Millis{60'000}));
    ASSERT_TRUE(started) << started.error().message;
    own = std::move(*started);
  }
  static void TearDownTestSuite() { own.reset(); }

  void SetUp() override { ASSERT_TRUE(own) << "no API server"; }

  // The chart as it was before a printer column came into being.
  static std::string older_chart() {
    const auto chart = own->folder() + "/older";
    std::filesystem::copy(source + "/charts/cutline", chart, std::filesystem::copy_options::recursive);
    const auto file = chart + "/files/crds/rollbacks.yaml";
    auto crd = read_file(file).value();
    const auto column = crd.find("    - {name: Domino");
    crd.erase(column, crd.find('\n', column) + 1 - column);
    EXPECT_TRUE(replace_file(file, crd));
    return chart;
  }

  static void must(const Result<std::string>& result) { ASSERT_TRUE(result) << result.error().message; }
  static std::string columns() {
    return kubectl(*own, {"get", "crd", "rollbacks.cutline.dev", "-o", "jsonpath={..additionalPrinterColumns[*].name}"})
        .value_or("");
  }
  static std::string may(const std::string& who, const std::string& verb, const std::string& what,
                         const std::string& where = ns) {
    const auto answer = kubectl(*own, {"auth", "can-i", verb, what, "-n", where, "--as=" + who});
    return answer ? *answer : answer.error().message;  // "no" comes with exit status 1
  }

  static inline std::unique_ptr<ApiServer> own;
};

TEST_F(Chart, AnUpgradeReachesTheCrdsAndAnUninstallLeavesThemAndTheirObjects) {
  must(helm(*own, {"install", "cutline", older_chart(), "-n", ns, "--create-namespace"}));
  EXPECT_THAT(columns(), Not(HasSubstr("Domino")));
  must(helm(*own, {"upgrade", "cutline", source + "/charts/cutline", "-n", ns}));
  EXPECT_THAT(columns(), HasSubstr("Domino"));

  must(kubectl(*own, {"wait", "--for=condition=Established", "--timeout=20s", "crd", "--all"}));
  must(kubectl(*own, {"apply", "-f", source + "/crds/examples/good/snapshot-inline.yaml"}));
  must(helm(*own, {"uninstall", "cutline", "-n", ns}));
  EXPECT_THAT(kubectl(*own, {"get", "dsnap", "-o", "name"}).value_or(""), HasSubstr("inline"));
  EXPECT_FALSE(kubectl(*own, {"-n", ns, "get", "deployment", "cutline-operator"}));

  must(helm(*own, {"install", "cutline", source + "/charts/cutline", "-n", ns}));  // takes them back
}

TEST_F(Chart, TheOperatorMayWhatItNeedsAndNoMore) {
  must(helm(*own, {"upgrade", "--install", "cutline", source + "/charts/cutline", "-n", ns, "--create-namespace"}));
  const auto account = "system:serviceaccount:" + ns + ":cutline-operator";
  const std::vector<std::pair<std::string, std::string>> everywhere{
      {"create", "distributedsnapshots.cutline.dev"},
      {"patch", "distributedsnapshots.cutline.dev/status"},
      {"update", "rollbacks.cutline.dev/status"},
      {"list", "pods"},
      {"delete", "pods"},
      {"list", "services"},
      {"create", "events"},
      {"create", "tokenreviews.authentication.k8s.io"},
      {"patch", "mutatingwebhookconfigurations.admissionregistration.k8s.io/cutline"}};
  for (const auto& [verb, what] : everywhere)
    EXPECT_THAT(may(account, verb, what, "default"), HasSubstr("yes")) << verb << " " << what;
  EXPECT_THAT(may(account, "patch", "leases.coordination.k8s.io"), HasSubstr("yes"));
  EXPECT_THAT(may(account, "patch", "leases.coordination.k8s.io", "default"), HasSubstr("no"));
  const std::vector<std::pair<std::string, std::string>> nowhere{
      {"list", "secrets"},
      {"create", "pods"},
      {"create", "pods/exec"},
      {"get", "configmaps"},
      {"create", "clusterrolebindings.rbac.authorization.k8s.io"},
      {"patch", "mutatingwebhookconfigurations.admissionregistration.k8s.io/other"}};
  for (const auto& [verb, what] : nowhere)
    EXPECT_THAT(may(account, verb, what), HasSubstr("no")) << verb << " " << what;
}

TEST_F(Chart, TheOperatorReadsTheSecretsOfRepositoriesUnlessThereAreNone) {
  const auto account = "system:serviceaccount:" + ns + ":cutline-operator";
  const auto install = [](const std::string& repositories) {
    must(helm(*own, {"upgrade", "--install", "cutline", source + "/charts/cutline", "-n", ns, "--create-namespace",
                     "--set", "repositories.enabled=" + repositories}));
  };
  install("false");
  EXPECT_THAT(may(account, "get", "secrets/other", "default"), HasSubstr("no"));
  for (const auto* own_secret : {"secrets/cutline-authority", "secrets/cutline-signing"}) {
    EXPECT_THAT(may(account, "get", own_secret), HasSubstr("yes")) << own_secret;
    EXPECT_THAT(may(account, "get", own_secret, "default"), HasSubstr("no")) << own_secret << " elsewhere";
  }
  install("true");
  EXPECT_THAT(may(account, "get", "secrets/other", "default"), HasSubstr("yes"));
  EXPECT_THAT(may(account, "list", "secrets", "default"), HasSubstr("no"));
}

TEST_F(Chart, TheOperatorMakesServersOfVolumesUnlessItIsToldNotTo) {
  const auto account = "system:serviceaccount:" + ns + ":cutline-operator";
  for (const auto* told : {"false", "true"}) {
    must(helm(*own, {"upgrade", "--install", "cutline", source + "/charts/cutline", "-n", ns, "--create-namespace",
                     "--set", "repositories.volumes=" + std::string{told}}));
    const auto* wanted = told == std::string_view{"true"} ? "yes" : "no";
    for (const auto* what : {"deployments.apps", "services", "secrets"})
      for (const auto* verb : {"create", "patch"})
        EXPECT_THAT(may(account, verb, what, "default"), HasSubstr(wanted)) << verb << " " << what << ", told " << told;
    for (const auto* what : {"deployments.apps", "services", "secrets", "persistentvolumeclaims"})
      EXPECT_THAT(may(account, "delete", what, "default"), HasSubstr("no")) << what;
    EXPECT_THAT(may(account, "create", "secrets"), HasSubstr("yes")) << "its own";
  }
}

TEST_F(Chart, ToSnapshotAndToRollBackAreRightsOfTheirOwn) {
  must(helm(*own, {"upgrade", "--install", "cutline", source + "/charts/cutline", "-n", ns, "--create-namespace"}));
  for (const auto* role : {"view", "snapshotter", "restorer"})
    must(kubectl(*own, {"-n", "default", "create", "rolebinding", role, "--clusterrole=cutline-" + std::string{role},
                        "--user=" + std::string{role}}));
  const auto says = [](const char* who, const char* verb, const char* what) { return may(who, verb, what, "default"); };
  EXPECT_THAT(says("view", "list", "rollbacks.cutline.dev"), HasSubstr("yes"));
  EXPECT_THAT(says("view", "create", "distributedsnapshots.cutline.dev"), HasSubstr("no"));
  EXPECT_THAT(says("snapshotter", "create", "distributedsnapshots.cutline.dev"), HasSubstr("yes"));
  EXPECT_THAT(says("snapshotter", "create", "rollbacks.cutline.dev"), HasSubstr("no"));
  EXPECT_THAT(says("restorer", "create", "rollbacks.cutline.dev"), HasSubstr("yes"));
  EXPECT_THAT(says("restorer", "create", "distributedsnapshots.cutline.dev"), HasSubstr("no"));
}

TEST_F(Chart, OnlyPodsThatAskToTakePartDependOnTheOperator) {
  must(helm(*own, {"upgrade", "--install", "cutline", source + "/charts/cutline", "-n", ns, "--create-namespace"}));
  const std::string pod = R"(apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {cutline.dev/inject: "VALUE"}}
spec: {containers: [{name: c, image: none, command: [/none]}]}
)";
  const auto made = [&](std::string name, std::string value) {
    auto text = pod;
    text.replace(text.find("NAME"), 4, name);
    text.replace(text.find("VALUE"), 5, value);
    return apply_text(*own, text);
  };
  must(made("stays-out", "false"));
  // The webhook is called, and nobody answers: the pod is refused rather than started without its sidecar.
  ASSERT_TRUE(eventually([&] { return !made("takes-part", "true"); }, soon()));
  EXPECT_THAT(made("takes-part", "true").error().message, HasSubstr("inject.cutline.dev"));
}

}  // namespace
}  // namespace cutline::test
