#include "operator/repository/access.hpp"

#include <gmock/gmock.h>

#include "operator/repository/signing.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::op::repository {
namespace {

using testing::HasSubstr;

Json secret(const std::string& name, const std::map<std::string, std::string>& data) {
  Json out = {{"metadata", {{"name", name}, {"namespace", "shop"}}}};
  for (const auto& [key, value] : data) out["data"][key] = base64(value);
  return out;
}

Json bucket() {
  return {{"metadata", {{"name", "backups"}, {"namespace", "shop"}}},
          {"spec",
           {{"s3",
             {{"endpoint", "https://s3.example.org:9000/"},
              {"bucket", "b"},
              {"prefix", "clusters/blue/"},
              {"region", "eu"},
              {"credentialsSecretRef", {{"name", "keys"}}},
              {"caSecretRef", {{"name", "ca"}}}}},
            {"passwordSecretRef", {{"name", "password"}}},
            {"uploadLimitKiB", 512}}}};
}
const Json kKeys = secret("keys", {{"accessKeyId", "key"}, {"secretAccessKey", "secret\n"}});
const Json kPassword = secret("password", {{"password", "pass word\n"}});
const Json kAuthority = secret("ca", {{"ca.crt", "-----BEGIN"}});

TEST(ABucket, IsReachedAsItsSpecAndItsSecretsSay) {
  const auto access = repository_from(bucket(), kKeys, kPassword, kAuthority);
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->url, "s3:https://s3.example.org:9000/b/clusters/blue");
  EXPECT_EQ(access->access_key, "key");
  EXPECT_EQ(access->secret_key, "secret") << "an editor's new line is no part of it";
  EXPECT_EQ(access->password, "pass word");
  EXPECT_EQ(access->authority, "-----BEGIN");
  EXPECT_EQ(access->region, "eu");
  EXPECT_EQ(access->limit, 512U);
  const auto names = secret_names(bucket());
  EXPECT_EQ(names.credentials + names.password + names.authority, "keyspasswordca");
}

TEST(ABucket, NamesTheSecretAndTheKeyThatAreMissing) {
  const auto keys = repository_from(bucket(), secret("keys", {{"accessKeyId", "key"}}), kPassword, kAuthority);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, Code::Invalid);
  EXPECT_THAT(keys.error().message, HasSubstr("Secret keys (spec.s3.credentialsSecretRef) has no key secretAccessKey"));
  const auto password = repository_from(bucket(), kKeys, secret("password", {{"password", ""}}), kAuthority);
  ASSERT_FALSE(password);
  EXPECT_THAT(password.error().message, HasSubstr("spec.passwordSecretRef"));
}

TEST(AVolume, IsReachedAsTheSecretOfItsServerSays) {
  const Json volume = {
      {"metadata", {{"name", "backups"}, {"namespace", "shop"}}},
      {"spec",
       {{"volume", {{"claimName", "c"}}}, {"passwordSecretRef", {{"name", "password"}}}, {"uploadLimitKiB", 512}}}};
  EXPECT_EQ(secret_names(volume).credentials, "repository-backups");
  const auto server = secret(
      "repository-backups",
      {{"url", "rest:https://10.0.0.7:7078/"}, {"user", "cutline"}, {"password", "0123"}, {"ca.crt", "-----BEGIN"}});
  const auto access = repository_from(volume, server, kPassword, {});
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(*access, (protocol::Repository{"rest:https://10.0.0.7:7078/", "pass word", "cutline", "0123", "",
                                           "-----BEGIN", 512}));
  EXPECT_THAT(
      repository_from(volume, secret("repository-backups", {{"user", "cutline"}}), kPassword, {}).error().message,
      HasSubstr("repository-backups (of the volume's server) has no key url"));
}

TEST(TheSigningSecret, TrustsItsOwnKeyAndEachOtherPublicKeyInIt) {
  namespace r = cutline::repository;
  const auto own = r::make_key(), other = r::make_key();
  const auto read = read_signing(secret("s", {{"ed25519.key", r::hex(own.secret) + "\n"},
                                              {"ed25519.pub", r::hex(own.open)},
                                              {"old.pub", r::hex(other.open)},
                                              {"note", "x"}}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(read->trusted, testing::ElementsAre(own.open, other.open));
  EXPECT_EQ(read->key.secret, own.secret);
  EXPECT_FALSE(read_signing(secret("s", {{"ed25519.pub", r::hex(own.open)}})));
}

}  // namespace
}  // namespace cutline::op::repository
