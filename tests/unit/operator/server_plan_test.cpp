// The server of a repository on a volume, as the operator makes it.
#include "operator/repository/server_plan.hpp"

#include <gmock/gmock.h>

#include "operator/api/resources.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::op::repository {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Pointer = Json::json_pointer;

Json on(const Json& volume, const std::string& name = "backups") {
  return {{"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", "u-1"}}}, {"spec", {{"volume", volume}}}};
}
const Json kClaim = on({{"claimName", "snapshots"}, {"path", "blue/shop"}});
const Json kSecret = {{"data", {{"a", "b"}}}};
const ServerImage kImage{"example.org/s:v1", "Always"};

struct ItsSecret : testing::Test {
  control::KeyAndCertificate authority = control::make_authority("test", std::chrono::hours{24 * 3650}).value();
  ServerNeeds needs{authority.certificate, "10.0.0.7"};
  [[nodiscard]] Json secret(const Json& earlier = {}, std::chrono::hours validity = std::chrono::hours{0}) const {
    auto leaf = server_certificate(kClaim, needs.address);
    if (validity.count() != 0) leaf.validity = validity;
    return server_secret(kClaim, needs, control::issue(authority, leaf).value(), earlier);
  }
  static std::string text(const Json& secret, const char* key) {
    return from_base64(secret.at("data").at(key).get<std::string>()).value();
  }
};

TEST_F(ItsSecret, HoldsWhatServerAndClientsNeed) {
  const auto made = secret();
  EXPECT_EQ(text(made, "url"), "rest:https://10.0.0.7:7078/");
  EXPECT_EQ(text(made, "ca.crt"), authority.certificate);
  EXPECT_EQ(text(made, "password").size(), 64U);
  EXPECT_NE(text(made, "password"), text(secret(), "password"));
  EXPECT_THAT(text(made, "htpasswd"),
              testing::AllOf(HasSubstr("cutline:{SHA}"), testing::Not(HasSubstr(text(made, "password")))));
  EXPECT_TRUE(is_current(made, needs));
}

TEST_F(ItsSecret, KeepsItsPasswordWhenTheRestIsMadeAnew) {
  const auto earlier = secret();
  needs.address = "fd00::7";
  EXPECT_FALSE(is_current(earlier, needs)) << "the Service has another address";
  const auto later = secret(earlier);
  EXPECT_EQ(text(later, "url"), "rest:https://[fd00::7]:7078/");
  EXPECT_EQ(text(later, "password"), text(earlier, "password"));
  EXPECT_EQ(text(later, "htpasswd"), text(earlier, "htpasswd"));
  EXPECT_TRUE(is_current(later, needs));
}

TEST_F(ItsSecret, IsMadeAnewBeforeItsCertificateEndsAndForAnotherAuthority) {
  EXPECT_FALSE(is_current(secret({}, std::chrono::hours{24 * 100}), needs));
  EXPECT_TRUE(is_current(secret({}, std::chrono::hours{24 * 130}), needs));
  const auto made = secret();
  needs.authority = control::make_authority("other", std::chrono::hours{24}).value().certificate;
  EXPECT_FALSE(is_current(made, needs));
}

TEST_F(ItsSecret, ThatSomebodyHasBrokenIsMended) {
  for (const auto* key : {"tls.crt", "tls.key", "ca.crt", "htpasswd", "password", "url", "user"}) {
    auto broken = secret();
    broken["data"].erase(key);
    EXPECT_FALSE(is_current(broken, needs)) << key;
  }
  EXPECT_FALSE(is_current(Json{}, needs));
}

TEST(Its, HashIsWhatTheServerUnderstands) {
  EXPECT_EQ(htpasswd("cutline", "secret"), "cutline:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n");
}

TEST(Its, ObjectsGoWithTheRepositoryAndHaveOneName) {
  for (const auto& object : {server_service(kClaim), server_deployment(kClaim, kImage, kSecret)}) {
    EXPECT_EQ(kube::to_string(kube::key_of(object)), "shop/repository-backups");
    EXPECT_EQ(object.at(Pointer{"/metadata/ownerReferences/0/uid"}), "u-1");
    EXPECT_EQ(object.at(Pointer{"/metadata/ownerReferences/0/kind"}), "SnapshotRepository");
  }
}

TEST(Its, PodIsFoundByItsServiceAndIsNoMemberOfAWorkload) {
  const auto deployment = server_deployment(kClaim, kImage, kSecret);
  const auto labels = deployment.at(Pointer{"/spec/template/metadata/labels"});
  for (const auto& [key, value] : server_service(kClaim).at(Pointer{"/spec/selector"}).items())
    EXPECT_EQ(labels.at(key), value);
  for (const auto& [key, value] : deployment.at(Pointer{"/spec/selector/matchLabels"}).items())
    EXPECT_EQ(labels.at(key), value);
  EXPECT_TRUE(labels.contains(kRepositoryLabel));
  EXPECT_FALSE(labels.contains(kInjectLabel));
}

TEST(Its, PodMayDoNothingButServeItsFolderOfTheClaim) {
  const auto pod = server_deployment(kClaim, kImage, kSecret).at(Pointer{"/spec/template/spec"});
  EXPECT_EQ(pod.at(Pointer{"/volumes/0/persistentVolumeClaim/claimName"}), "snapshots");
  const auto container = pod.at(Pointer{"/containers/0"});
  EXPECT_EQ(container.at(Pointer{"/volumeMounts/0/subPath"}), "blue/shop");
  EXPECT_EQ(container.at("image"), "example.org/s:v1");
  EXPECT_EQ(container.at("imagePullPolicy"), "Always");
  EXPECT_EQ(container.at(Pointer{"/securityContext/readOnlyRootFilesystem"}), true);
  EXPECT_EQ(container.at(Pointer{"/securityContext/capabilities/drop"}), Json::array({"ALL"}));
  EXPECT_EQ(pod.at(Pointer{"/securityContext/runAsNonRoot"}), true);
  EXPECT_EQ(pod.at(Pointer{"/securityContext/fsGroup"}), 65532);
  EXPECT_EQ(pod.at("automountServiceAccountToken"), false);
  EXPECT_EQ(pod.at("containers").size(), 1U);
  EXPECT_THAT(container.at("command").dump(),
              testing::AllOf(HasSubstr("--tls"), HasSubstr("--htpasswd-file"), testing::Not(HasSubstr("--no-auth"))));
}

TEST(Its, PodIsOnTheNodeWhoseFolderItServes) {
  const auto pod =
      server_deployment(on({{"hostPath", "/srv/cutline"}, {"path", "shop"}, {"nodeName", "node-1"}}), kImage, kSecret)
          .at(Pointer{"/spec/template/spec"});
  EXPECT_EQ(pod.at(Pointer{"/volumes/0/hostPath/path"}), "/srv/cutline/shop");
  EXPECT_FALSE(pod.at(Pointer{"/containers/0/volumeMounts/0"}).contains("subPath"));
  EXPECT_EQ(pod.at(Pointer{"/securityContext/runAsUser"}), 0) << "such a folder is root's";
  EXPECT_EQ(pod.at(Pointer{"/containers/0/securityContext/capabilities/drop"}), Json::array({"ALL"}));
  EXPECT_THAT(pod.at("affinity").dump(), testing::AllOf(HasSubstr("metadata.name"), HasSubstr("node-1")));
}

TEST(Its, PodIsMadeAnewWhenItsSecretChanges) {
  const auto annotations = [](const Json& secret) {
    return server_deployment(kClaim, kImage, secret).at(Pointer{"/spec/template/metadata/annotations"});
  };
  EXPECT_EQ(annotations({{"data", {{"a", "b"}}}}),
            annotations({{"data", {{"a", "b"}}}, {"metadata", {{"resourceVersion", "7"}}}}));
  EXPECT_NE(annotations({{"data", {{"a", "b"}}}}), annotations({{"data", {{"a", "c"}}}}));
  EXPECT_EQ(server_deployment(kClaim, kImage, kSecret).at(Pointer{"/spec/strategy/type"}), "Recreate");
}

TEST(Its, NameIsOneThatAServiceMayHave) {
  EXPECT_EQ(server_name("backups"), "repository-backups");
  const auto dotted = server_name("a.b"), dashed = server_name("a-b");
  EXPECT_NE(dotted, dashed);
  std::string most(253, 'x');
  const auto longest = server_name(most);
  most.back() = 'y';
  const auto other = server_name(most);
  EXPECT_NE(longest, other);
  for (const auto& name : {dotted, dashed, longest, other})
    EXPECT_THAT(name, testing::MatchesRegex("[a-z][-a-z0-9]*[a-z0-9]"));
  EXPECT_LE(longest.size(), 63U);
}

}  // namespace
}  // namespace cutline::op::repository
