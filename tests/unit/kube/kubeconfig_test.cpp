#include <gtest/gtest.h>

#include "kube/config.hpp"

namespace cutline::kube {
namespace {

std::string config_with(const std::string& user) {
  return R"(
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: c1, cluster: {server: "https://127.0.0.1:6443/", certificate-authority-data: Q0EK}}
- {name: c2, cluster: {server: "https://other:6443", insecure-skip-tls-verify: true}}
users:
- {name: u1, user: {)" +
         user + R"(}}
contexts:
- {name: one, context: {cluster: c1, user: u1, namespace: shop}}
- {name: two, context: {cluster: c2}}
)";
}

TEST(AKubeconfig, GivesItsCurrentContext) {
  const auto config = parse_kubeconfig(config_with("token: secret"), "/");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://127.0.0.1:6443");
  EXPECT_EQ(config->ca_pem, "CA\n");
  EXPECT_EQ(config->token, "secret");
  EXPECT_EQ(config->default_namespace, "shop");
  EXPECT_FALSE(config->insecure_skip_tls_verify);
}

TEST(AKubeconfig, GivesAnotherContextOnRequest) {
  const auto config = parse_kubeconfig(config_with("token: secret"), "/", "two");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://other:6443");
  EXPECT_TRUE(config->insecure_skip_tls_verify);
  EXPECT_EQ(config->token, "");
  EXPECT_EQ(config->default_namespace, "default");
}

TEST(AKubeconfig, DecodesCertificateAndKey) {
  const auto config = parse_kubeconfig(config_with("client-certificate-data: QUJD, client-key-data: QUI="), "/");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->client_cert_pem, "ABC");
  EXPECT_EQ(config->client_key_pem, "AB");
}

TEST(AKubeconfig, FindsRelativeFilesFromItsOwnFolder) {
  const auto config = parse_kubeconfig(config_with("tokenFile: sub/token"), "/home/me");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->token_file, "/home/me/sub/token");
}

TEST(AKubeconfig, NamesThePluginThatItDoesNotSupport) {
  const auto config = parse_kubeconfig(config_with("exec: {command: aws}"), "/");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Code::Unsupported);
  EXPECT_NE(config.error().message.find("exec"), std::string::npos);
}

TEST(AKubeconfig, WithACertificateButNoKeyIsInvalid) {
  EXPECT_EQ(parse_kubeconfig(config_with("client-certificate-data: QUJD"), "/").error().code, Code::Invalid);
}

TEST(AKubeconfig, WithAnUnknownContextIsNotFound) {
  EXPECT_EQ(parse_kubeconfig(config_with("token: x"), "/", "three").error().code, Code::NotFound);
}

TEST(AKubeconfig, ThatIsNoneIsInvalid) {
  for (const auto* text :
       {"", "just words", "[1, 2]", "a: [", "{\"clusters\": 3, \"contexts\": \"x\", \"current-context\": {}}"}) {
    const auto config = parse_kubeconfig(text, "/");
    EXPECT_FALSE(config) << text;
  }
  EXPECT_EQ(parse_kubeconfig("a: [", "/").error().code, Code::Invalid);
  EXPECT_EQ(parse_kubeconfig(config_with("client-key-data: '%%%'"), "/").error().code, Code::Invalid);
}

TEST(AKubeconfig, ThatIsMissingIsNotFound) {
  EXPECT_EQ(from_kubeconfig("/nonexistent/x").error().code, Code::NotFound);
}

}  // namespace
}  // namespace cutline::kube
