// A snapshot becomes durable: real operator, API server, restic and S3 server; the sidecars' uploads are played.
#include "operator/webhook/base64.hpp"
#include "repository/manifest.hpp"
#include "repository/tags.hpp"
#include "tests/integration/operator/fixture.hpp"
#include "tests/integration/repository/object_store.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
namespace r = cutline::repository;

struct ADurableSnapshot : OperatorTest {
  store::Temporary folder;
  ObjectStore store{StoreKind::Versitygw, folder.path() / "store"};

  void secret(const std::string& name, const std::map<std::string, std::string>& values) {
    Json object = {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"namespace", ns}, {"name", name}}}, {"data", Json::object()}};
    for (const auto& [key, value] : values) object["data"][key] = op::base64(value);
    const auto made = client().create(op::kSecrets, object, soon());
    ASSERT_TRUE(made) << made.error().message;
  }
  void keys() {
    const auto access = store.repository();
    secret("keys", {{"accessKeyId", access.access_key}, {"secretAccessKey", access.secret_key}});
    secret("password", {{"password", access.password}});
  }
  void repository() {
    const auto url = store.repository().url;  // s3:http://127.0.0.1:PORT/backups/test
    const auto endpoint = url.substr(3, url.find("/backups") - 3);
    (void)make("SnapshotRepository", "backups",
               {{"s3", {{"endpoint", endpoint}, {"bucket", "backups"}, {"prefix", "test"}, {"credentialsSecretRef", {{"name", "keys"}}}}}, {"passwordSecretRef", {{"name", "password"}}}});
  }
  [[nodiscard]] r::Restic restic() const { return r::Restic{store.repository(), {.work = folder.path() / "work"}}; }
  std::vector<r::Found> stored(const r::Tags& tags) { return restic().find(tags, soon()).value(); }
  bool is(const std::string& name, const std::string& reason) {
    return becomes(op::kSnapshots, name, [&](const Json& object) { return condition(object, "Durable", "reason") == reason; });
  }
};

TEST_F(ADurableSnapshot, HasASignedManifestThatNamesEachMembersDigestAndGoesWhenItIsDeleted) {
  auto& a = pod("ledger-0");
  (void)pod("ledger-1");
  keys();
  repository();
  ASSERT_TRUE(becomes_true(op::kRepositories, "backups", "Ready"));
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  const auto epoch = committed("first");
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Durable"));
  const auto object = read(op::kSnapshots, "first").value();
  EXPECT_EQ(object["status"]["membersStored"], "2/2");
  const auto upload = [&] {
    for (const auto& command : a.heard())
      if (const auto* one = std::get_if<protocol::Upload>(&command)) return *one;
    return protocol::Upload{};
  }();
  EXPECT_EQ(upload.checkpoint, Epoch{epoch});
  EXPECT_EQ(upload.repository, store.repository());
  const auto tags = r::manifest_tags(ns, "first", kube::uid_of(object));
  ASSERT_THAT(stored(tags), SizeIs(1));
  const auto text = restic().text_of(object["status"]["manifest"].get<std::string>(), r::kManifestName, soon()).value();
  const auto signing = client().get(op::kSecrets, {"cutline-system", "cutline-signing"}, soon()).value();
  const auto key = r::public_key(op::from_base64(kube::string_at(signing, "/data/ed25519.pub")).value()).value();
  const auto manifest = r::verify(text, std::vector{key});
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->epoch, Epoch{epoch});
  ASSERT_THAT(manifest->members, SizeIs(2));
  EXPECT_EQ(manifest->members[0].digest, object["status"]["members"][0]["digest"]);
  EXPECT_THAT(manifest->members[0].addresses, SizeIs(2));
  const auto checkpoints = client().list(op::kCheckpoints, ns, "", soon()).value();
  for (const auto& checkpoint : checkpoints["items"]) EXPECT_EQ(condition(checkpoint, "Durable", "status"), "True");
  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "first"}, soon()));
  EXPECT_TRUE(eventually(
      [&] {
        const auto now = restic().find(tags, soon());  // not while its bytes are cleared away
        return now && now->empty();
      },
      soon()));
  EXPECT_TRUE(eventually([&] { return !read(op::kSnapshots, "first"); }, soon()));
}

TEST_F(ADurableSnapshot, TellsOfAMissingSecretAndGoesOnOnceItIsThere) {
  (void)pod("ledger-0");
  repository();
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  (void)committed("first");
  ASSERT_TRUE(is("first", "RepositoryUnavailable"));
  EXPECT_THAT(condition(read(op::kSnapshots, "first").value(), "Durable", "message"), HasSubstr("there is no Secret keys"));
  keys();
  EXPECT_TRUE(becomes_true(op::kSnapshots, "first", "Durable"));
}

TEST_F(ADurableSnapshot, SaysWhatItsPodIsInTroubleWithAndHowFarItIs) {
  auto& a = pod("ledger-0");
  a.behave([usual = obedient()](const protocol::Command& command) -> std::optional<protocol::Reply> {
    if (const auto* upload = std::get_if<protocol::Upload>(&command))
      return protocol::Uploading{upload->checkpoint, Bytes{500}, Bytes{1000}, Error{Code::Exhausted, "the store is full"}};
    return usual(command);
  });
  keys();
  repository();
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  (void)committed("first");
  ASSERT_TRUE(is("first", "StorageFull"));
  EXPECT_EQ(read(op::kSnapshots, "first").value()["status"]["members"][0]["uploaded"], 500);
}

TEST_F(ADurableSnapshot, IsNoneWithoutItsPodAndIsDeletedThoughItsRepositoryIsGone) {
  auto& a = pod("ledger-0");
  a.behave([usual = obedient()](const protocol::Command& command) -> std::optional<protocol::Reply> {
    if (const auto* upload = std::get_if<protocol::Upload>(&command)) return protocol::Uploading{upload->checkpoint, {}, {}, {}};
    return usual(command);
  });
  keys();
  repository();
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  (void)committed("first");
  ASSERT_TRUE(is("first", "Uploading"));
  ASSERT_TRUE(client().merge_patch(op::kPods, {ns, "ledger-0"}, {{"metadata", {{"finalizers", nullptr}}}}, soon()));
  ASSERT_TRUE(client().remove(op::kPods, {ns, "ledger-0"}, soon()));
  ASSERT_TRUE(is("first", "Never"));
  ASSERT_TRUE(client().remove(op::kRepositories, {ns, "backups"}, soon()));
  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "first"}, soon()));
  EXPECT_TRUE(eventually([&] { return !read(op::kSnapshots, "first"); }, soon()));
}

}  // namespace
}  // namespace cutline::test
