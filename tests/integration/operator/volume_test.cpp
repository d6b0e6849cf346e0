// A repository on a volume: real operator, API server, restic and repository server. The test stands in for controllers
// and kubelet: it starts what the objects describe, at the Service's address, and says so in their status.
#include "operator/repository/server_plan.hpp"
#include "operator/webhook/base64.hpp"
#include "repository/tags.hpp"
#include "tests/integration/operator/fixture.hpp"
#include "tests/integration/repository/object_store.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::test {
namespace {

using testing::HasSubstr;
namespace r = cutline::repository;
namespace fs = std::filesystem;

const std::string kServer = "repository-backups";

struct ARepositoryOnAVolume : OperatorTest {
  store::Temporary folder;
  fs::path volume = folder.path() / "volume";
  std::optional<Running> server;

  Json create(const kube::Resource& resource, Json object) {
    object["metadata"]["namespace"] = ns;
    auto made = client().create(resource, object, soon());
    if (!made) throw std::runtime_error(made.error().message);
    return *std::move(made);
  }
  void state(const kube::Resource& resource, const std::string& name, const Json& status) {
    const auto written = client().merge_patch(resource, {ns, name}, {{"status", status}}, soon(), "status");
    ASSERT_TRUE(written) << written.error().message;
  }
  void claim(const char* phase = "Bound") {
    create(op::kClaims,
           {{"apiVersion", "v1"},
            {"kind", "PersistentVolumeClaim"},
            {"metadata", {{"name", "snapshots"}}},
            {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}});
    state(op::kClaims, "snapshots", {{"phase", phase}});
  }
  void password() {
    create(op::kSecrets, {{"apiVersion", "v1"},
                          {"kind", "Secret"},
                          {"metadata", {{"name", "password"}}},
                          {"data", {{"password", op::base64("p")}}}});
  }
  void repository() {
    (void)make("SnapshotRepository", "backups",
               {{"volume", {{"claimName", "snapshots"}}}, {"passwordSecretRef", {{"name", "password"}}}});
  }

  [[nodiscard]] bool says(const std::string& reason, const std::string& text) {
    return becomes(op::kRepositories, "backups", [&](const Json& object) {
      return condition(object, "Ready", "reason") == reason && condition(object, "Ready", "message").contains(text);
    });
  }
  [[nodiscard]] bool is_made() {
    return becomes(op::kDeployments, kServer, [](const Json&) { return true; });
  }
  [[nodiscard]] std::string secret(const char* key) {
    return op::from_base64(kube::string_at(read(op::kSecrets, kServer).value(), std::string{"/data/"} + key)).value();
  }

  // As a kubelet: the Secret's files, the container's command, the volume.
  void serve() {
    const auto keys = folder.path() / "keys";
    fs::create_directories(keys);
    fs::create_directories(volume);
    for (const auto* key : {"tls.crt", "tls.key", "htpasswd"}) ASSERT_TRUE(replace_file(keys / key, secret(key)));
    const auto address = kube::string_at(read(op::kServices, kServer).value(), "/spec/clusterIP");
    Child child;
    child.name = "the repository's server";
    child.dies_with_caller = true;
    child.arguments = op::repository::server_command(
        rest_server(), fmt::format("{}:{}", address, op::repository::kServerPort), volume, keys);
    auto started = child.start();
    ASSERT_TRUE(started) << started.error().message;
    server.emplace(*std::move(started));
    const auto generation = read(op::kDeployments, kServer).value()["metadata"]["generation"];
    state(op::kDeployments, kServer,
          {{"observedGeneration", generation},
           {"replicas", 1},
           {"updatedReplicas", 1},
           {"readyReplicas", 1},
           {"availableReplicas", 1}});
  }
  // As the garbage collector, when their owner is gone.
  void collect() {
    for (const auto* resource : {&op::kDeployments, &op::kServices, &op::kSecrets})
      ASSERT_TRUE(client().remove(*resource, {ns, kServer}, soon()));
    server.reset();
  }
  [[nodiscard]] r::Restic restic() {
    return r::Restic{{.url = secret("url"),
                      .password = "p",
                      .access_key = secret("user"),
                      .secret_key = secret("password"),
                      .region = {},
                      .authority = secret("ca.crt")},
                     {.work = folder.path() / "work"}};
  }
};

TEST_F(ARepositoryOnAVolume, HasAServerThatGoesWithItAndDataThatStays) {
  auto& a = pod("ledger-0");
  claim();
  password();
  repository();
  ASSERT_TRUE(is_made());
  ASSERT_TRUE(says("Starting", "is being started"));
  serve();
  ASSERT_TRUE(becomes_true(op::kRepositories, "backups", "Ready"));
  const auto id = kube::string_at(read(op::kRepositories, "backups").value(), "/status/id");
  EXPECT_EQ(id, restic().identity(soon()).value());
  (void)policy({{"repositoryRef", {{"name", "backups"}}}});
  (void)committed("first");
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Durable"));
  for (const auto& command : a.heard())
    if (const auto* upload = std::get_if<protocol::Upload>(&command)) {
      EXPECT_EQ(upload->repository.url, secret("url"));
      EXPECT_EQ(upload->repository.secret_key, secret("password"));
      EXPECT_EQ(upload->repository.authority + "\n", secret("ca.crt"));
    }
  const auto uid = kube::uid_of(read(op::kSnapshots, "first").value());
  EXPECT_EQ(restic().find(r::manifest_tags(ns, "first", uid), soon()).value().size(), 1U);

  ASSERT_TRUE(client().remove(op::kRepositories, {ns, "backups"}, soon()));
  ASSERT_TRUE(eventually([&] { return !read(op::kRepositories, "backups"); }, soon()));
  collect();
  repository();
  ASSERT_TRUE(is_made());
  serve();
  ASSERT_TRUE(becomes_true(op::kRepositories, "backups", "Ready"));
  EXPECT_EQ(kube::string_at(read(op::kRepositories, "backups").value(), "/status/id"), id);
  EXPECT_TRUE(becomes(
      op::kRepositories, "backups", [](const Json& object) { return object["status"].contains("checkpoints"); },
      Deadline::after(Millis{10'000})));
  EXPECT_EQ(restic().find(r::manifest_tags(ns, "first", uid), soon()).value().size(), 1U);
  ASSERT_TRUE(client().remove(op::kSnapshots, {ns, "first"}, soon()));
  EXPECT_TRUE(eventually(
      [&] {
        const auto left = restic().find(r::manifest_tags(ns, "first", uid), soon());
        return left && left->empty();
      },
      soon()));
}

TEST_F(ARepositoryOnAVolume, SaysWhatItsServerLacks) {
  password();
  repository();
  ASSERT_TRUE(says("RepositoryMissing", "no PersistentVolumeClaim snapshots"));
  claim("Pending");
  ASSERT_TRUE(says("Starting", "snapshots is not bound"));
  create(op::kPods, {{"apiVersion", "v1"},
                     {"kind", "Pod"},
                     {"metadata", {{"name", kServer + "-1"}, {"labels", {{op::kRepositoryLabel, kServer}}}}},
                     {"spec", {{"containers", Json::array({{{"name", "repository"}, {"image", "x"}}})}}}});
  state(op::kPods, kServer + "-1",
        {{"conditions",
          Json::array({{{"type", "PodScheduled"}, {"status", "False"}, {"message", "0/1 nodes are available"}}})}});
  ASSERT_TRUE(says("RepositoryUnavailable", "finds no node"));
  ASSERT_TRUE(says("RepositoryUnavailable", "0/1 nodes are available"));
}

TEST_F(ARepositoryOnAVolume, DoesNotTakeTheNameOfSomebodyElsesDeployment) {
  claim();
  password();
  const Json labels = {{"app", "theirs"}};
  create(op::kDeployments, {{"apiVersion", "apps/v1"},
                            {"kind", "Deployment"},
                            {"metadata", {{"name", kServer}}},
                            {"spec",
                             {{"selector", {{"matchLabels", labels}}},
                              {"template",
                               {{"metadata", {{"labels", labels}}},
                                {"spec", {{"containers", Json::array({{{"name", "c"}, {"image", "x"}}})}}}}}}}});
  repository();
  ASSERT_TRUE(says("AccessRefused", "Deployment repository-backups, which is not its own"));
  EXPECT_EQ(read(op::kDeployments, kServer).value()["spec"]["selector"]["matchLabels"], labels);
}

// Behind a wrong mount: an empty folder in the place of one that was used.
TEST_F(ARepositoryOnAVolume, IsNeverMadeAnewWhereOneWas) {
  claim();
  password();
  repository();
  ASSERT_TRUE(is_made());
  serve();
  ASSERT_TRUE(becomes_true(op::kRepositories, "backups", "Ready"));
  fs::rename(volume, folder.path() / "elsewhere");
  fs::create_directories(volume);
  ASSERT_TRUE(says("RepositoryMissing", "that was here is gone"));
  EXPECT_TRUE(fs::is_empty(volume));
  fs::remove_all(volume);
  fs::rename(folder.path() / "elsewhere", volume);
  EXPECT_TRUE(becomes_true(op::kRepositories, "backups", "Ready"));
}

TEST_F(ARepositoryOnAVolume, HasAServerThatIsNoMemberWhateverASelectorSays) {
  (void)pod("ledger-0");
  create(op::kPods,
         {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", kServer + "-1"}, {"labels", {{"app", "ledger"}, {op::kRepositoryLabel, kServer}}}}},
          {"spec", {{"containers", Json::array({{{"name", "repository"}, {"image", "x"}}})}}}});
  (void)policy();
  ASSERT_TRUE(becomes_true(op::kPolicies, "ledger", "Ready"));
  EXPECT_EQ(read(op::kPolicies, "ledger").value()["status"]["members"], 1);
}

}  // namespace
}  // namespace cutline::test
