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

// Remembers what it has saved, as a sidecar's lineage does.
Participant::Behaviour remembering() {
  return [usual = obedient(), kept = std::vector<protocol::LocalCheckpoint>{}](
             const protocol::Command& command) mutable -> std::optional<protocol::Reply> {
    auto answer = usual(command);
    if (auto* acked = std::get_if<protocol::Acked>(&*answer)) {
      acked->checkpoint.index = CheckpointIndex{kept.size() + 1};
      acked->checkpoint.parent = CheckpointIndex{kept.size()};
      if (kept.empty() || kept.back().epoch != acked->epoch) kept.push_back(acked->checkpoint);
    }
    if (const auto* opened = std::get_if<protocol::Opened>(&*answer);
        opened != nullptr && !kept.empty() && kept.back().epoch == opened->epoch)
      kept.back().digest = opened->digest;
    if (auto* history = std::get_if<protocol::History>(&*answer)) history->checkpoints = kept;
    return answer;
  };
}

template <class C>
std::vector<C> heard_by(const Participant& pod) {
  std::vector<C> out;
  for (const auto& command : pod.heard())
    if (const auto* one = std::get_if<C>(&command)) out.push_back(*one);
  return out;
}

struct ADurableSnapshot : OperatorTest {
  store::Temporary folder;
  ObjectStore store{StoreKind::Versitygw, folder.path() / "store"};

  void secret(const std::string& name, const std::map<std::string, std::string>& values) {
    Json object = {{"apiVersion", "v1"},
                   {"kind", "Secret"},
                   {"metadata", {{"namespace", ns}, {"name", name}}},
                   {"data", Json::object()}};
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
               {{"s3",
                 {{"endpoint", endpoint},
                  {"bucket", "backups"},
                  {"prefix", "test"},
                  {"credentialsSecretRef", {{"name", "keys"}}}}},
                {"passwordSecretRef", {{"name", "password"}}}});
  }
  [[nodiscard]] r::Restic restic() const { return r::Restic{store.repository(), {.work = folder.path() / "work"}}; }
  // Or why it can't be read; once nobody has the repository for itself, to clear bytes away.
  [[nodiscard]] std::string text_of(const std::string& id, const std::string& name) const {
    Result<std::string> text;
    EXPECT_TRUE(eventually(
        [&] {
          text = restic().text_of(id, name, soon());
          return text || text.error().code != Code::Busy;
        },
        soon()));
    return text ? *text : text.error().message;
  }
  std::vector<r::Found> stored(const r::Tags& tags) { return restic().find(tags, soon()).value(); }
  static double metric(const std::string& name) {
    const auto text = installation().metrics().value_or("");
    const auto at = text.find('\n' + name + ' ');
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }
  bool is(const std::string& name, const std::string& reason) {
    return becomes(op::kSnapshots, name,
                   [&](const Json& object) { return condition(object, "Durable", "reason") == reason; });
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
  EXPECT_THAT(condition(read(op::kSnapshots, "first").value(), "Durable", "message"),
              HasSubstr("there is no Secret keys"));
  keys();
  EXPECT_TRUE(becomes_true(op::kSnapshots, "first", "Durable"));
}

TEST_F(ADurableSnapshot, SaysWhatItsPodIsInTroubleWithAndHowFarItIs) {
  auto& a = pod("ledger-0");
  a.behave([usual = obedient()](const protocol::Command& command) -> std::optional<protocol::Reply> {
    if (const auto* upload = std::get_if<protocol::Upload>(&command))
      return protocol::Uploading{upload->checkpoint, Bytes{500}, Bytes{1000},
                                 Error{Code::Exhausted, "the store is full"}};
    return usual(command);
  });
  const auto before = metric("cutline_uploaded_bytes_total{which=\"all\"}");
  keys();
  repository();
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  (void)committed("first");
  ASSERT_TRUE(is("first", "StorageFull"));
  EXPECT_EQ(read(op::kSnapshots, "first").value()["status"]["members"][0]["uploaded"], 500);
  EXPECT_TRUE(eventually([&] { return metric("cutline_uploaded_bytes_total{which=\"all\"}") >= before + 500; }, soon()))
      << "on their way, they count";
}

TEST_F(ADurableSnapshot, IsNoneWithoutItsPodAndIsDeletedThoughItsRepositoryIsGone) {
  auto& a = pod("ledger-0");
  a.behave([usual = obedient()](const protocol::Command& command) -> std::optional<protocol::Reply> {
    if (const auto* upload = std::get_if<protocol::Upload>(&command))
      return protocol::Uploading{upload->checkpoint, {}, {}, {}};
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

TEST_F(ADurableSnapshot, OfSeveralThatWaitTheNewestGoesNextAndOneAtATime) {
  auto& a = pod("ledger-0");
  std::atomic<bool> slow = true;
  a.behave([&slow, usual = obedient()](const protocol::Command& command) -> std::optional<protocol::Reply> {
    const auto* upload = std::get_if<protocol::Upload>(&command);
    if (upload != nullptr && slow) return protocol::Uploading{upload->checkpoint, Bytes{1}, Bytes{1000}, {}};
    return usual(command);
  });
  keys();
  repository();
  ASSERT_TRUE(becomes_true(op::kRepositories, "backups", "Ready"));
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  const auto first = committed("first");
  ASSERT_TRUE(is("first", "Uploading"));
  const auto second = committed("second"), third = committed("third");
  ASSERT_TRUE(is("second", "Waiting"));
  ASSERT_TRUE(is("third", "Waiting"));
  slow = false;
  for (const auto* name : {"first", "second", "third"}) ASSERT_TRUE(becomes_true(op::kSnapshots, name, "Durable"));
  std::vector<std::uint64_t> order;
  for (const auto& command : a.heard())
    if (const auto* upload = std::get_if<protocol::Upload>(&command);
        upload != nullptr && (order.empty() || order.back() != value(upload->checkpoint)))
      order.push_back(value(upload->checkpoint));
  EXPECT_EQ(order, (std::vector{first, third, second}));
}

TEST_F(ADurableSnapshot, TakesWithItNothingOfOthersWithWhomItSharesItsRepository) {
  (void)pod("ledger-0");
  keys();
  repository();
  ASSERT_TRUE(becomes_true(op::kRepositories, "backups", "Ready"));
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  const auto epoch = committed("first");
  (void)committed("second");
  for (const auto* name : {"first", "second"}) ASSERT_TRUE(becomes_true(op::kSnapshots, name, "Durable"));
  // Of another cluster: the same namespace, names and epochs; of another program: no tags of ours.
  const auto same_place = [&](const r::Tags& tags) {
    return restic().keep_text("theirs", "file", "elsewhere", tags, soon()).value().id;
  };
  const std::vector theirs{same_place(r::checkpoint_tags(ns, PodUid{"another-uid"}, Epoch{epoch})),
                           same_place(r::manifest_tags(ns, "first", "another-uid")), same_place({"nightly"})};
  const auto second = read(op::kSnapshots, "second").value()["status"]["manifest"].get<std::string>();
  const auto uid = kube::uid_of(read(op::kSnapshots, "first").value());
  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "first"}, soon()));
  ASSERT_TRUE(eventually([&] { return !read(op::kSnapshots, "first"); }, soon()));
  EXPECT_TRUE(eventually(
      [&] {
        const auto gone = restic().find(r::manifest_tags(ns, "first", uid), soon());
        return gone && gone->empty();
      },
      soon()));
  for (const auto& id : theirs) EXPECT_EQ(text_of(id, "file"), "theirs");
  EXPECT_THAT(text_of(second, r::kManifestName), HasSubstr("ledger-0"));
}

// "base" of both pods, "second" of ledger-0 alone; both durable.
struct AnIncrementalSnapshot : ADurableSnapshot {
  std::uint64_t base = 0, second = 0;
  void take(Participant& a, Participant& b) {
    a.behave(remembering());
    b.behave(remembering());
    keys();
    repository();
    ASSERT_TRUE(becomes_true(op::kRepositories, "backups", "Ready"));
    (void)policy({{"protocol", "Incremental"},
                  {"incremental", {{"initiator", "ledger-0"}, {"fullEvery", 0}}},
                  {"repositoryRef", {{"name", "backups"}}}});
    (void)make("DistributedSnapshot", "base", {{"policyRef", {{"name", "ledger"}}}, {"protocol", "Coordinated"}});
    ASSERT_TRUE(becomes_true(op::kSnapshots, "base", "Durable"));
    base = epoch_of(read(op::kSnapshots, "base").value());
    second = committed("second");
    ASSERT_TRUE(becomes_true(op::kSnapshots, "second", "RestorableAlone"));
    ASSERT_TRUE(becomes_true(op::kSnapshots, "second", "Durable"));
  }
  // Made anew, with another address and another sidecar, which has nothing.
  Participant& replace(const std::string& name) {
    EXPECT_TRUE(client().remove(op::kPods, {ns, name}, soon()));
    EXPECT_TRUE(eventually([&] { return !read(op::kPods, name); }, soon()));
    return pod(name);
  }
  [[nodiscard]] static std::string digest(std::uint64_t epoch) { return fmt::format("sha256:{:064x}", epoch); }
};

TEST_F(AnIncrementalSnapshot, NotesAndKeepsTheLastCheckpointOfWhomItLeftOut) {
  auto &a = pod("ledger-0"), &b = pod("ledger-1");
  take(a, b);
  const auto object = read(op::kSnapshots, "second").value();
  ASSERT_THAT(object["status"]["members"], SizeIs(1));
  const auto& left_out = object["status"]["composition"]["leftOut"];
  ASSERT_THAT(left_out, SizeIs(1));
  EXPECT_EQ(left_out[0]["uid"], b.uid().value);
  EXPECT_EQ(left_out[0]["epoch"], base);
  EXPECT_EQ(left_out[0]["snapshot"], "base");
  EXPECT_EQ(left_out[0]["digest"], digest(base));
  EXPECT_EQ(heard_by<protocol::Upload>(b).back().checkpoint, Epoch{base});
  EXPECT_EQ(object["status"]["membersStored"], "2/2");
  const auto text = restic().text_of(object["status"]["manifest"].get<std::string>(), r::kManifestName, soon()).value();
  const auto signing = client().get(op::kSecrets, {"cutline-system", "cutline-signing"}, soon()).value();
  const auto manifest = r::verify(
      text, std::vector{r::public_key(op::from_base64(kube::string_at(signing, "/data/ed25519.pub")).value()).value()});
  ASSERT_TRUE(manifest) << manifest.error().message;
  ASSERT_THAT(manifest->left_out, SizeIs(1));
  EXPECT_EQ(manifest->left_out[0].last.digest, digest(base));
}

TEST_F(AnIncrementalSnapshot, ComesBackIntoNewPodsThoughTheOneItTakesTheRestFromWasDeleted) {
  auto &a = pod("ledger-0"), &b = pod("ledger-1");
  take(a, b);
  const auto stored_as = [&](const Participant& pod) { return r::checkpoint_tags(ns, pod.uid(), Epoch{base}); };
  for (const auto* pod : {&a, &b}) (void)restic().keep_text("images", "file", "node", stored_as(*pod), soon()).value();
  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "base"}, soon()));
  ASSERT_TRUE(eventually([&] { return !read(op::kSnapshots, "base"); }, soon()));
  const auto of_base = [&](const protocol::Forget& m) { return m.checkpoint == Epoch{base}; };
  EXPECT_TRUE(std::ranges::any_of(heard_by<protocol::Forget>(a), of_base));
  EXPECT_TRUE(std::ranges::none_of(heard_by<protocol::Forget>(b), of_base)) << "second consists of it";
  EXPECT_TRUE(eventually(
      [&] {
        const auto left = restic().find(stored_as(a), soon());
        return left && left->empty();
      },
      soon()));
  EXPECT_THAT(stored(stored_as(b)), SizeIs(1));

  auto &new_a = replace("ledger-0"), &new_b = replace("ledger-1");
  rollback("back", {{"to", {{"snapshot", "second"}}}});
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  const auto fetched = heard_by<protocol::Fetch>(new_b).back();
  EXPECT_EQ(fetched.digest, digest(base));
  EXPECT_EQ(fetched.id, fmt::format("{:064x}", base));
  EXPECT_EQ(fetched.checkpoint, Epoch{second}) << "in new pods all are of one cut";
  EXPECT_EQ(heard_by<protocol::Prepare>(new_b).back().digest, digest(base));
  EXPECT_EQ(heard_by<protocol::Fetch>(new_a).back().digest, digest(second));
  const auto plan = read(op::kRollbacks, "back").value()["status"]["plan"];
  ASSERT_THAT(plan, SizeIs(2));
  EXPECT_THAT(plan[1]["because"].get<std::string>(), HasSubstr("second left it out"));

  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "second"}, soon()));
  ASSERT_TRUE(eventually([&] { return !read(op::kSnapshots, "second"); }, soon()));
  EXPECT_TRUE(eventually(
      [&] {
        const auto left = restic().find(stored_as(b), soon());
        return left && left->empty();
      },
      soon()))
      << "nobody needs it any more";
}

TEST_F(AnIncrementalSnapshot, IsImportedWithWhatItLeftOut) {
  auto &a = pod("ledger-0"), &b = pod("ledger-1");
  take(a, b);
  (void)make("DistributedSnapshot", "again",
             {{"importFrom", {{"repositoryRef", {{"name", "backups"}}}, {"snapshot", "second"}}}});
  ASSERT_TRUE(becomes_true(op::kSnapshots, "again", "RestorableAlone"));
  const auto then = read(op::kSnapshots, "second").value()["status"]["composition"]["leftOut"][0];
  const auto now = read(op::kSnapshots, "again").value()["status"]["composition"]["leftOut"][0];
  for (const auto* key : {"pod", "uid", "digest", "stored", "epoch", "addresses"})
    EXPECT_EQ(now[key], then[key]) << key;
}

TEST_F(AnIncrementalSnapshot, OfWhichAPodWasNeverSavedCannotComeBackAndSaysSo) {
  auto &a = pod("ledger-0"), &b = pod("ledger-1");
  for (auto* one : {&a, &b}) one->behave(remembering());
  keys();
  repository();
  (void)policy({{"protocol", "Incremental"},
                {"incremental", {{"initiator", "ledger-0"}, {"fullEvery", 0}}},
                {"repositoryRef", {{"name", "backups"}}}});
  (void)committed("first");
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Durable")) << "its members are kept all the same";
  EXPECT_EQ(condition(read(op::kSnapshots, "first").value(), "RestorableAlone", "reason"), "NeverSaved");
  (void)replace("ledger-0");
  rollback("back", {{"to", {{"snapshot", "first"}}}});
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Failed"));
  EXPECT_THAT(condition(read(op::kRollbacks, "back").value(), "Failed", "message"),
              HasSubstr("ledger-1 was left out, and has no checkpoint"));
}

TEST_F(ADurableSnapshot, HasARepositoryThatIsCheckedAndNotUsedWhileItIsDamaged) {
  (void)pod("ledger-0");
  keys();
  repository();
  ASSERT_TRUE(client().merge_patch(op::kRepositories, {ns, "backups"},
                                   {{"spec", {{"check", {{"interval", "10s"}, {"readData", "100%"}}}}}}, soon()));
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  (void)committed("first");
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Durable"));
  ASSERT_TRUE(becomes_true(op::kRepositories, "backups", "Intact"));
  EXPECT_EQ(metric(fmt::format("cutline_repository_intact{{repository=\"{}/backups\"}}", ns)), 1);
  const auto data = store.bucket() / "test" / "data";
  std::filesystem::rename(data, folder.path() / "away");
  const auto has = [&](const std::string& type, const std::string& reason) {
    return becomes(
        op::kRepositories, "backups", [&](const Json& object) { return condition(object, type, "reason") == reason; },
        Deadline::after(Millis{60'000}));
  };
  ASSERT_TRUE(has("Intact", "Damaged"));
  EXPECT_EQ(metric(fmt::format("cutline_repository_intact{{repository=\"{}/backups\"}}", ns)), 0);
  ASSERT_TRUE(has("Ready", "Damaged"));
  (void)committed("second");
  EXPECT_FALSE(condition(read(op::kSnapshots, "second").value(), "Durable", "status") == "True");
  std::filesystem::remove_all(data);
  std::filesystem::rename(folder.path() / "away", data);
  ASSERT_TRUE(has("Intact", "Checked"));
  EXPECT_TRUE(becomes(
      op::kSnapshots, "second", [](const Json& object) { return op::is_true(object, "Durable"); },
      Deadline::after(Millis{90'000})));
}

}  // namespace
}  // namespace cutline::test
