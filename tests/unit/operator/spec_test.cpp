// What users ask for, as types; and what this version does not carry out, by name.
#include "operator/api/spec.hpp"

#include <gmock/gmock.h>

#include "operator/api/resources.hpp"

namespace cutline::op {
namespace {

using namespace std::chrono_literals;
using protocol::GateKind;
using testing::ElementsAre;
using testing::IsEmpty;

Json spec(const Json& fields) { return {{"spec", fields}}; }

TEST(APolicy, ThatSaysNothingIsCoordinatedWithAQueueingGateOfFiveSeconds) {
  const auto read = read_save_spec(spec({{"selector", {{"matchLabels", {{"app", "ledger"}}}}}}));
  EXPECT_EQ(read.protocol, "Coordinated");
  EXPECT_EQ(read.deadline, 5s);
  EXPECT_EQ(read.options.gate, GateKind::Queue);
  EXPECT_THAT(read.options.volumes, IsEmpty());
}

TEST(APolicy, IsReadWithAllThatItSays) {
  const auto read =
      read_save_spec(spec({{"selector",
                            {{"matchLabels", {{"app", "ledger"}}},
                             {"matchExpressions", {{{"key", "tier"}, {"operator", "In"}, {"values", {"db"}}}}}}},
                           {"deadline", "800ms"},
                           {"gate", "Drop"},
                           {"volumes",
                            {{{"container", "db"}, {"path", "/data"}},
                             {{"container", "db"}, {"path", "/cache"}, {"capture", "Ignore"}}}}}));
  EXPECT_EQ(read.selector.query(), "app=ledger,tier in (db)");
  EXPECT_EQ(read.deadline, 800ms);
  EXPECT_EQ(read.options.gate, GateKind::Drop);
  EXPECT_THAT(read.options.volumes, ElementsAre(protocol::Volume{"db", "/data"}));
}

TEST(APolicy, OpensTheGateOnlyByTheTestsOwnAnnotation) {
  auto object = spec({{"gate", "Open"}});
  EXPECT_EQ(read_save_spec(object).options.gate, GateKind::Queue);
  object["metadata"]["annotations"][kTestGate] = "Open";
  EXPECT_EQ(read_save_spec(object).options.gate, GateKind::Open);
}

TEST(ASnapshot, FollowsAPolicyOrSaysTheSameItself) {
  const auto of_policy = read_snapshot_spec(spec({{"policyRef", {{"name", "ledger"}}}, {"pinned", true}}));
  EXPECT_EQ(of_policy.policy, "ledger");
  EXPECT_FALSE(of_policy.inline_spec);
  EXPECT_TRUE(of_policy.pinned);
  const auto own = read_snapshot_spec(spec({{"selector", {{"matchLabels", {{"app", "a"}}}}}, {"deadline", "2s"}}));
  EXPECT_FALSE(own.policy);
  EXPECT_EQ(own.inline_spec->deadline, 2s);
}

TEST(APolicy, ListsItsHooks) {
  const Json flush = {
      {"container", "db"}, {"command", {"redis-cli", "SAVE"}}, {"timeout", "2s"}, {"failurePolicy", "Ignore"}};
  const auto hooks = read_save_spec(spec({{"hooks",
                                           {{"beforeFreeze", {flush, {{"container", "web"}, {"command", {"sync"}}}}},
                                            {"afterRollback", {flush}}}}}))
                         .hooks;
  EXPECT_EQ(hooks.before_freeze,
            (std::vector<protocol::Hook>{{"db", {"redis-cli", "SAVE"}, 2s, true}, {"web", {"sync"}, 10s, false}}));
  EXPECT_EQ(hooks.after_rollback.size(), 1U);
  EXPECT_TRUE(hooks.after_thaw.empty());
  EXPECT_TRUE(hooks.around_a_snapshot());
  EXPECT_FALSE(read_save_spec(spec({{"hooks", {{"afterRollback", {flush}}}}})).hooks.around_a_snapshot());
}

TEST(ARollback, GoesToASnapshotOrToTheLatest) {
  const auto named = read_rollback_spec(spec({{"to", {{"snapshot", "first"}}}, {"dryRun", true}}));
  EXPECT_EQ(named.snapshot, "first");
  EXPECT_TRUE(named.dry_run);
  EXPECT_FALSE(named.latest);
  const auto latest =
      read_rollback_spec(spec({{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}, {"pods", {"a", "b"}}}));
  EXPECT_TRUE(latest.latest);
  EXPECT_EQ(latest.policy, "ledger");
  EXPECT_THAT(latest.pods, ElementsAre("a", "b"));
}

TEST(NotImplemented, NamesEachFieldThatThisVersionDoesNotCarryOut) {
  EXPECT_THAT(not_implemented(spec({{"hooks", {{"afterThaw", Json::array()}, {"afterRollback", Json::array()}}},
                                    {"protocol", "Independent"},
                                    {"repositoryRef", {{"name", "backups"}}},
                                    {"retention", {{"keepLast", 5}}}})),
              ElementsAre("spec.hooks.afterThaw with protocol Independent"));
}

TEST(NotImplemented, IsNothingThatThisVersionCarriesOut) {
  EXPECT_THAT(not_implemented(spec({{"selector", {{"matchLabels", {{"app", "a"}}}}},
                                    {"protocol", "Independent"},
                                    {"schedule", "@hourly"},
                                    {"timeZone", "Europe/Berlin"},
                                    {"suspend", true},
                                    {"startingDeadlineSeconds", 60},
                                    {"concurrencyPolicy", "Replace"},
                                    {"deadline", "5s"},
                                    {"gate", "Drop"},
                                    {"volumes", {{{"container", "c"}, {"path", "/d"}}}},
                                    {"hooks", {{"afterRollback", {{{"container", "c"}, {"command", {"true"}}}}}}},
                                    {"recovery", {{"mode", "Automatic"}, {"limit", 3}}}})),
              IsEmpty());
}

}  // namespace
}  // namespace cutline::op
