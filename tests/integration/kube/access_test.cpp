// How a client proves who it is, and how it knows the server.
#include "base/fd.hpp"
#include "tests/integration/kube/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Json;

struct Access : KubeTest {
  // Who the server takes this configuration for.
  static Result<std::string> who_am_i(const kube::Config& config) {
    const auto made = kube::Client::connect(config);
    if (!made) return tl::unexpected(made.error());
    const auto review =
        (*made)->post_raw("/apis/authentication.k8s.io/v1/selfsubjectreviews",
                          {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}}, soon());
    if (!review) return tl::unexpected(review.error());
    return kube::string_at(*review, "/status/userInfo/username");
  }

  std::string service_account_token(const std::string& name) {
    must_create({"", "v1", "serviceaccounts"},
                {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"namespace", ns}, {"name", name}}}});
    const auto request = client->post_raw(
        fmt::format("/api/v1/namespaces/{}/serviceaccounts/{}/token", ns, name),
        {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", {{"expirationSeconds", 600}}}},
        soon());
    if (!request) ADD_FAILURE() << request.error().message;
    return kube::string_at(request.value_or(Json{}), "/status/token");
  }

  // The server and its CA, but nobody's credentials.
  static kube::Config anonymous() {
    auto config = server().config().value_or(kube::Config{});
    config.client_cert_pem.clear();
    config.client_key_pem.clear();
    return config;
  }
};

TEST_F(Access, AClientCertificateOfAKubeconfigIsAdmin) {
  const auto who = who_am_i(server().config().value_or(kube::Config{}));
  ASSERT_TRUE(who) << who.error().message;
  EXPECT_EQ(*who, "admin");
}

TEST_F(Access, AnotherCertificateMayNotReadSecrets) {
  const auto pem = make_client(server().folder(), "nobody", soon());
  ASSERT_TRUE(pem) << pem.error().message;
  auto config = anonymous();
  config.client_cert_pem = read_file(pem->first).value_or("");
  config.client_key_pem = read_file(pem->second).value_or("");
  ASSERT_EQ(who_am_i(config).value_or(""), "nobody");
  const auto made = kube::Client::connect(config);
  ASSERT_TRUE(made);
  const auto refused = (*made)->list({"", "v1", "secrets"}, ns, "", soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Unsupported);
}

TEST_F(Access, AServiceAccountsTokenNamesTheAccount) {
  auto config = anonymous();
  config.token = service_account_token("worker");
  const auto who = who_am_i(config);
  ASSERT_TRUE(who) << who.error().message;
  EXPECT_EQ(*who, fmt::format("system:serviceaccount:{}:worker", ns));
}

TEST_F(Access, ATokenFileIsReadAgainWhenTheServerRefusesTheOldOne) {
  const auto folder = TemporaryFolder::make("cutline-token");
  ASSERT_TRUE(folder);
  auto config = anonymous();
  config.token_file = folder->path("token");
  ASSERT_TRUE(replace_file(config.token_file, "stale\n"));
  const auto made = kube::Client::connect(config);
  ASSERT_TRUE(made);
  const auto refused = (*made)->get_raw("/api", soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Unavailable);
  ASSERT_TRUE(replace_file(config.token_file, service_account_token("worker")));
  const auto answered = (*made)->get_raw("/api", soon());
  EXPECT_TRUE(answered) << answered.error().message;
}

TEST_F(Access, AServerOfAnotherAuthorityIsNotTrusted) {
  const auto folder = TemporaryFolder::make("cutline-ca");
  ASSERT_TRUE(folder);
  const auto other = make_certificates(folder->path(), soon());
  ASSERT_TRUE(other) << other.error().message;
  auto config = anonymous();
  config.ca_pem = read_file(other->ca).value_or("");
  const auto who = who_am_i(config);
  ASSERT_FALSE(who);
  EXPECT_EQ(who.error().code, Code::Unavailable);
}

TEST_F(Access, AServerThatIsNotThereIsUnavailable) {
  auto config = anonymous();
  config.server = fmt::format("https://127.0.0.1:{}", free_port().value_or(1));
  const auto who = who_am_i(config);
  ASSERT_FALSE(who);
  EXPECT_EQ(who.error().code, Code::Unavailable);
}

}  // namespace
}  // namespace cutline::test
