// What the operator writes into a status is accepted, and its story can be read from one line of `kubectl get`.
#include "tests/integration/crds/fixture.hpp"

namespace cutline::test {
namespace {

using testing::ContainsRegex;

const std::string now = "2026-03-01T12:00:00Z";

std::string condition(const std::string& type, const std::string& reason, const std::string& status = "True") {
  return fmt::format(R"({{"type": "{}", "status": "{}", "reason": "{}", "message": "so it is", "observedGeneration": 1,
                         "lastTransitionTime": "{}"}})",
                     type, status, reason, now);
}

// The object made anew, with this status (JSON), and its line of `kubectl get ... -o wide`.
std::string line_of(const std::string& kind, const std::string& name, const std::string& spec,
                    const std::string& status) {
  const auto made = apply_text(
      server(),
      fmt::format("apiVersion: cutline.dev/v1alpha1\nkind: {}\nmetadata: {{name: {}}}\nspec: {}\n", kind, name, spec));
  if (!made) return made.error().message;
  const auto patched = kubectl(
      server(), {"patch", kind, name, "--subresource=status", "--type=merge", "-p", "{\"status\": " + status + "}"});
  if (!patched) return patched.error().message;
  const auto line = kubectl(server(), {"get", kind, name, "-o", "wide", "--no-headers"});
  return line ? *line : line.error().message;
}

const std::string selector = "{selector: {matchLabels: {app: ledger}}}";

TEST(Status, ACommittedSnapshotTellsItsStoryInOneLine) {
  const auto line =
      line_of("DistributedSnapshot", "told", selector,
              R"({
    "observedGeneration": 1, "epoch": 7, "membersReady": "2/2", "bytes": 6291456,
    "conditions": [)" +
                  condition("Planned", "MembersFixed") + "," + condition("Committed", "AllAcknowledged") + "," +
                  condition("Durable", "NoRepository", "False") + "," + condition("Released", "AllGatesOpen") + R"(],
    "members": [
      {"pod": "ledger-0", "uid": "a", "node": "n", "checkpoint": 3, "why": "Selected", "frozen": "41ms", "gated": "88.2ms",
       "bytes": 4194304, "digest": "sha256:00", "gate": "Queue"},
      {"pod": "ledger-1", "uid": "b", "node": "n", "checkpoint": 1, "why": "SentTo", "from": "ledger-0", "gate": "Drop"}],
    "proof": {"connections": 4, "inTransitBytes": 512, "orphans": 0, "halfOpen": 1},
    "external": [{"pod": "ledger-0", "local": "10.0.0.1:999", "remote": "192.0.2.1:443"}],
    "findings": [{"pod": "ledger-0", "fatal": false, "container": "db", "process": "7 db", "object": "fd 3", "remedy": "none"}],
    "timings": {"held": "88.2ms", "total": "310ms"}
})");
  EXPECT_THAT(line, ContainsRegex("told +7 +2/2 +True +False +True +88.2ms +6291456 +512 +false"));
}

TEST(Status, AFailedSnapshotShowsWhy) {
  const auto line =
      line_of("DistributedSnapshot", "failed", selector,
              R"({"epoch": 8, "membersReady": "1/2", "conditions": [)" + condition("Failed", "Timeout") + "]}");
  EXPECT_THAT(line, ContainsRegex("failed +8 +1/2 .*Timeout"));
}

TEST(Status, ARollbackShowsTheDominoEffect) {
  const auto line =
      line_of("Rollback", "told", "{to: {snapshot: told}}",
              R"({
    "observedGeneration": 1, "epoch": 9, "to": "told", "membersRestored": "2/2", "dominoDepth": 1,
    "conditions": [)" +
                  condition("Planned", "LineFound") + "," + condition("Irrevocable", "AllPrepared") + "," +
                  condition("Restored", "AllRestored") + "," + condition("Released", "AllGatesOpen") + R"(],
    "plan": [
      {"pod": "ledger-0", "uid": "a", "from": "present", "to": 3, "because": "it failed", "epoch": 7, "digest": "sha256:00",
       "restored": "120ms"},
      {"pod": "ledger-1", "uid": "b", "from": 2, "to": 1, "because": "it had received 512 bytes of ledger-0"}],
    "lost": {"bytes": 0, "connections": 1, "external": 1},
    "timings": {"held": "400ms", "restore": "120ms", "total": "430ms"}})");
  EXPECT_THAT(line, ContainsRegex("told +told +True +True +True +2/2 +1 "));
}

TEST(Status, APolicyShowsItsRecoveryLine) {
  const auto line = line_of("SnapshotPolicy", "told", selector,
                            R"({
    "observedGeneration": 1, "conditions": [)" +
                                condition("Ready", "MembersFound") + R"(], "members": 2, "lastSnapshot": "told-2",
    "recoveryLine": "told-1", "lastScheduleTime": ")" +
                                now + R"(", "nextScheduleTime": ")" + now + R"(",
    "line": [{"pod": "ledger-0", "uid": "a", "checkpoint": 3, "snapshot": "told-1"}]})");
  EXPECT_THAT(line, ContainsRegex("told +Coordinated +false +True +2 +told-2 +told-1"));
}

TEST(Status, ACheckpointShowsWhereItIs) {
  const auto line =
      line_of("LocalCheckpoint", "told",
              "{pod: ledger-0, uid: a, node: node-a, index: 3, snapshot: told, bytes: 4096, digest: 'sha256:" +
                  std::string(64, '0') + "'}",
              R"({"observedGeneration": 1, "conditions": [)" + condition("Local", "OnNode") + "," +
                  condition("Durable", "NoRepository", "False") + R"(], "kept": [{"node": "n", "id": "3"}]})");
  EXPECT_THAT(line, ContainsRegex("told +ledger-0 +3 +told +node-a +4096 +True +False"));
}

TEST(Status, ARepositoryShowsWhatItHolds) {
  const auto line = line_of("SnapshotRepository", "told", "{volume: {claimName: c}, passwordSecretRef: {name: p}}",
                            R"({"observedGeneration": 1, "conditions": [)" + condition("Ready", "Opened") +
                                R"(], "bytes": 4096, "checkpoints": 2, "lastCheck": ")" + now + R"("})");
  EXPECT_THAT(line, ContainsRegex("told +True +c +2 +4096"));
}

TEST(Status, UsersCannotWriteItWithTheSpec) {
  const auto made = apply_text(server(), R"({"apiVersion": "cutline.dev/v1alpha1", "kind": "DistributedSnapshot",
    "metadata": {"name": "self-made"}, "spec": {"selector": {"matchLabels": {"app": "ledger"}}}, "status": {"epoch": 99}})");
  ASSERT_TRUE(made) << made.error().message;
  const auto status = kubectl(server(), {"get", "dsnap", "self-made", "-o", "jsonpath={.status}"});
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(*status, "");
}

}  // namespace
}  // namespace cutline::test
