#include <future>

#include "tests/integration/crds/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Json;
using testing::HasSubstr;
using testing::IsEmpty;

const kube::Resource rollbacks{"cutline.dev", "v1alpha1", "rollbacks"};
const kube::Resource policies{"cutline.dev", "v1alpha1", "snapshotpolicies"};
const kube::Resource checkpoints{"cutline.dev", "v1alpha1", "localcheckpoints"};

Result<std::string> plugin(std::vector<std::string> arguments) {
  std::vector<std::string> argv{CUTLINE_PLUGIN};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  for (const auto& a : {std::string{"--kubeconfig"}, server().kubeconfig()}) argv.push_back(a);
  return run(argv, server().folder() + "/plugin.log", Deadline::after(Millis{60'000}));
}

Json condition(const std::string& type, bool status, const std::string& reason, const std::string& message) {
  return {{"type", type},
          {"status", status ? "True" : "False"},
          {"reason", reason},
          {"message", message},
          {"lastTransitionTime", "2026-01-02T03:04:05Z"}};
}

struct ThePlugin : testing::Test {
  void SetUp() override {
    auto made = server().client();
    ASSERT_TRUE(made) << made.error().message;
    client = std::move(*made);
    const auto space =
        client->create({"", "v1", "namespaces", false},
                       {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"generateName", "cli-"}}}}, soon());
    ASSERT_TRUE(space) << space.error().message;
    ns = kube::key_of(*space).name;
    must(client->create(
        policies, object("SnapshotPolicy", "ledger", {{"selector", {{"matchLabels", {{"app", "ledger"}}}}}}), soon()));
    for (const int index : {1, 2})
      must(client->create(
          checkpoints,
          object(
              "LocalCheckpoint", fmt::format("ledger-0-c{}", index),
              {{"pod", "ledger-0"}, {"uid", "uid-0"}, {"index", index}, {"digest", "sha256:" + std::string(64, 'a')}}),
          soon()));
  }

  Json object(const std::string& kind, const std::string& name, const Json& spec) const {
    return {{"apiVersion", "cutline.dev/v1alpha1"},
            {"kind", kind},
            {"metadata", {{"namespace", ns}, {"name", name}}},
            {"spec", spec}};
  }

  static void must(const Result<Json>& done) { ASSERT_TRUE(done) << done.error().message; }

  [[nodiscard]] std::vector<Json> made() const {
    const auto list = client->list(rollbacks, ns, "", soon());
    return list ? (*list)["items"].get<std::vector<Json>>() : std::vector<Json>{};
  }

  // Does for the first Rollback what an operator would; its spec.
  std::future<Json> answer(Json status) {
    return std::async(std::launch::async, [this, status = std::move(status)] {
      Json spec;
      (void)eventually(
          [&] {
            const auto all = made();
            if (all.empty()) return false;
            spec = all.front()["spec"];
            return client->merge_patch(rollbacks, kube::key_of(all.front()), {{"status", status}}, soon(), "status")
                .has_value();
          },
          soon());
      return spec;
    });
  }

  std::unique_ptr<kube::Client> client;
  std::string ns;
};

TEST_F(ThePlugin, ShowsThePlanOfADryRunAndLeavesNothingBehind) {
  auto operator_ = answer(
      {{"plan",
        {{{"pod", "ledger-0"},
          {"uid", "uid-0"},
          {"from", "present"},
          {"to", "checkpoint 1"},
          {"because", "ledger-0 goes back from its present state to checkpoint 1: its application is not alive"}}}},
       {"dominoDepth", 0},
       {"lost", {{"bytes", 0}, {"connections", 0}, {"external", 0}}},
       {"conditions", {condition("Planned", true, "LineFound", "1 pod goes back")}}});
  const auto said = plugin({"plan", "-n", ns, "--policy", "ledger", "--pods", "ledger-0"});
  EXPECT_EQ(
      operator_.get(),
      (Json{
          {"dryRun", true}, {"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}, {"pods", {"ledger-0"}}}));
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_THAT(*said, HasSubstr("Would go back: 1 pod goes back"));
  EXPECT_THAT(*said, HasSubstr("ledger-0  present  checkpoint 1  1 checkpoint"));
  EXPECT_THAT(made(), IsEmpty());
}

TEST_F(ThePlugin, FailsWithTheOperatorsReasonWhenThereIsNoLine) {
  auto operator_ =
      answer({{"conditions",
               {condition("Failed", true, "NotFound", "no recovery line: ledger-0 has no checkpoint that fits")}}});
  const auto said = plugin({"plan", "-n", ns, "--before", "2026-03-01T12:00:00Z"});
  EXPECT_EQ(operator_.get()["to"], (Json{{"before", "2026-03-01T12:00:00Z"}}));
  ASSERT_FALSE(said);
  EXPECT_THAT(said.error().message, HasSubstr("error: no recovery line: ledger-0 has no checkpoint that fits"));
  EXPECT_THAT(made(), IsEmpty());
}

TEST_F(ThePlugin, RemovesItsDryRunWhenNobodyAnswers) {
  const auto said = plugin({"plan", "-n", ns, "--timeout", "8"});
  ASSERT_FALSE(said);
  EXPECT_THAT(said.error().message, HasSubstr("the operator has not answered in time; see that it runs"));
  EXPECT_THAT(made(), IsEmpty());
}

TEST_F(ThePlugin, ShowsHowAWorkloadStands) {
  const auto said = plugin({"status", "-n", ns});
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_THAT(*said, HasSubstr("ledger  (Coordinated, 0 members)"));
  EXPECT_THAT(*said, HasSubstr("! the operator has not looked at this policy yet"));
}

TEST_F(ThePlugin, WritesADiagramIntoAFile) {
  must(client->create(rollbacks,
                      object("Rollback", "undo", {{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}}),
                      soon()));
  (void)answer({{"plan",
                 {{{"pod", "ledger-0"},
                   {"uid", "uid-0"},
                   {"from", "present"},
                   {"to", 2},
                   {"because", "its application is not alive"}}}},
                {"conditions", {condition("Planned", true, "LineFound", "1 pod goes back")}}})
      .get();
  const auto file = server().folder() + "/undo.svg";
  const auto said = plugin({"diagram", "-n", ns, "rollback/undo", "-o", "svg", "--output", file});
  ASSERT_TRUE(said) << said.error().message;
  const auto picture = read_file(file);
  ASSERT_TRUE(picture) << picture.error().message;
  EXPECT_THAT(*picture, HasSubstr("<title id=\"title\">Rollback undo</title>"));
  EXPECT_THAT(*picture, HasSubstr(">ledger-0</text>"));
}

TEST_F(ThePlugin, SaysWhatThereIsWhenWhatIsAskedForIsNot) {
  const auto said = plugin({"diagram", "-n", ns, "policy/nobody"});
  ASSERT_FALSE(said);
  EXPECT_THAT(said.error().message,
              HasSubstr("there is no SnapshotPolicy nobody in namespace " + ns + "; policies there: ledger"));
}

}  // namespace
}  // namespace cutline::test
