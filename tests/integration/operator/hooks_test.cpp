// Hooks around a round: all of one list have ended in every pod before the next step begins in any, and what was begun
// is undone, whoever dies meanwhile.
#include "tests/integration/operator/fixture.hpp"

namespace cutline::test {
namespace {

using namespace protocol;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Json hook(const std::string& program, const Json& more = Json::object()) {
  Json out = {{"container", "ledger"}, {"command", {program}}};
  out.update(more);
  return out;
}

// "RunHooks:before", "Request", ...: what a pod heard, but for what concerns no round.
std::vector<std::string> story(const std::vector<Command>& heard) {
  std::vector<std::string> out;
  for (const auto& command : heard) {
    std::string step;
    if (const auto* run = std::get_if<RunHooks>(&command))
      step = run->hooks.front().command.front();
    else if (std::holds_alternative<Request>(command))
      step = "Request";
    else if (std::holds_alternative<Done>(command))
      step = "Done";
    else if (std::holds_alternative<Abort>(command))
      step = "Abort";
    else if (std::holds_alternative<Release>(command))
      step = "Release";
    if (!step.empty() && (out.empty() || out.back() != step)) out.push_back(step);  // asked again
  }
  return out;
}

HooksRun failed(const RunHooks& command, const std::string& how) {
  return {command.key, {{0, true, how, "the disk is full", Micros{5}}}};
}

// Answers hooks as `answer` says, everything else obediently.
Participant::Behaviour on_hooks(std::function<std::optional<Reply>(const RunHooks&)> answer) {
  return [answer = std::move(answer)](const Command& command) -> std::optional<Reply> {
    if (const auto* run = std::get_if<RunHooks>(&command)) return answer(*run);
    return obedient()(command);
  };
}

struct Hooks : OperatorTest {
  Json around() {
    return {{"hooks",
             {{"beforeFreeze", {hook("quiesce")}}, {"afterThaw", {hook("go-on")}}, {"afterRollback", {hook("wake")}}}}};
  }
  bool undone(const std::string& name) {
    return becomes(op::kSnapshots, name, [](const Json& object) {
      const auto at = Json::json_pointer("/status/hooks/pending");
      return object.contains(at) && object.at(at) == false;
    });
  }
};

TEST_F(Hooks, RunBeforeTheRequestsAndAfterTheGatesAreOpen) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  (void)policy(around());
  (void)committed("first");
  ASSERT_TRUE(undone("first"));
  for (const auto* one : {&a, &b}) EXPECT_THAT(story(one->heard()), ElementsAre("quiesce", "Request", "Done", "go-on"));
}

TEST_F(Hooks, HaveEndedInEveryPodBeforeARequestLeavesToAny) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  auto asked = std::make_shared<std::atomic<int>>(0);
  b.behave(on_hooks([asked](const RunHooks& run) -> std::optional<Reply> {
    if (run.hooks.front().command.front() == "quiesce" && ++*asked < 5) return HooksRunning{run.key};
    return obedient()(run);
  }));
  std::atomic<bool> early = false;
  watch([&, asked](const Command& command) {
    if (std::holds_alternative<Request>(command) && *asked < 5) early = true;
  });
  (void)policy(around());
  (void)committed("first");
  EXPECT_FALSE(early);
  std::set<std::string> keys;
  for (const auto& command : b.heard())
    if (const auto* run = std::get_if<RunHooks>(&command); run && run->hooks.front().command.front() == "quiesce")
      keys.insert(run->key);
  EXPECT_EQ(keys.size(), 1U) << "asked again, it is the same run";
  EXPECT_FALSE(a.heard_of<Request>().empty());
  watch([](const auto&) {});
}

TEST_F(Hooks, ThatFailEndTheSnapshotWithNothingFrozenAndAreUndone) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  b.behave(on_hooks([](const RunHooks& run) -> std::optional<Reply> {
    return run.hooks.front().command.front() == "quiesce" ? Reply{failed(run, "exited with status 3")}
                                                          : *obedient()(run);
  }));
  (void)policy(around());
  snapshot("first");
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Failed"));
  const auto object = read(op::kSnapshots, "first").value();
  EXPECT_EQ(condition(object, "Failed", "reason"), "HookFailed");
  EXPECT_THAT(
      condition(object, "Failed", "message"),
      testing::AllOf(HasSubstr("pod ledger-1, container ledger: hook [quiesce] exited with status 3: the disk is full"),
                     HasSubstr("nothing was frozen")));
  ASSERT_TRUE(undone("first"));
  EXPECT_THAT(story(a.heard()), ElementsAre("quiesce", "go-on"));
  EXPECT_THAT(story(b.heard()), ElementsAre("quiesce", "go-on"));
}

TEST_F(Hooks, ThatMayFailAreOnlyReported) {
  auto& a = pod("ledger-0");
  a.behave(on_hooks([](const RunHooks& run) -> std::optional<Reply> { return failed(run, "exited with status 1"); }));
  (void)policy({{"hooks", {{"beforeFreeze", {hook("quiesce", {{"failurePolicy", "Ignore"}})}}}}});
  (void)committed("first");
  ASSERT_TRUE(undone("first"));
  const auto failures = read(op::kSnapshots, "first").value()["status"]["hooks"]["failures"];
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0]["ignored"], true);
  EXPECT_THAT(failures[0]["message"].get<std::string>(), HasSubstr("[quiesce] exited with status 1"));
}

TEST_F(Hooks, OfAContainerThatNoPodHasFailTheSnapshot) {
  auto& a = pod("ledger-0");
  a.behave(on_hooks(
      [](const RunHooks& run) -> std::optional<Reply> { return HooksRun{run.key, {{0, false, "", "", Micros{0}}}}; }));
  (void)policy({{"hooks", {{"beforeFreeze", {hook("quiesce", {{"container", "ledgre"}})}}}}});
  snapshot("first");
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Failed"));
  EXPECT_THAT(condition(read(op::kSnapshots, "first").value(), "Failed", "message"),
              HasSubstr("no pod of the workload has such a container"));
}

TEST_F(Hooks, AfterTheThawRunThoughTheRoundHasFailed) {
  auto& a = pod("ledger-0");
  auto& b = pod("ledger-1");
  b.behave(refusing<Request>({Code::Exhausted, "no room"}));
  (void)policy(around());
  snapshot("first");
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Failed"));
  ASSERT_TRUE(undone("first"));
  EXPECT_THAT(story(a.heard()), ElementsAre("quiesce", "Request", "Abort", "go-on"));
  EXPECT_EQ(story(b.heard()).back(), "go-on");
}

TEST_F(Hooks, AreUndoneByTheSuccessorOfAnOperatorThatDied) {
  auto& a = pod("ledger-0");
  a.behave(silent_to<Request>());
  (void)policy(around());
  snapshot("first");
  ASSERT_TRUE(a.wait_for<Request>(soon()));
  installation().kill_operator();
  a.behave(obedient());
  ASSERT_TRUE(installation().start_operator());
  ASSERT_TRUE(becomes_true(op::kSnapshots, "first", "Failed"));
  ASSERT_TRUE(undone("first"));
  EXPECT_THAT(story(a.heard()), ElementsAre("quiesce", "Request", "Abort", "go-on"));
}

TEST_F(Hooks, AreUndoneThoughTheOperatorDiedWhenAllElseWasOver) {
  auto& a = pod("ledger-0");
  a.behave(on_hooks([](const RunHooks& run) -> std::optional<Reply> {
    return run.hooks.front().command.front() == "go-on" ? Reply{HooksRunning{run.key}} : *obedient()(run);
  }));
  (void)policy(around());
  (void)committed("first");
  ASSERT_TRUE(a.wait_for<RunHooks>(soon(), 2));
  installation().kill_operator();
  a.behave(obedient());
  ASSERT_TRUE(installation().start_operator());
  ASSERT_TRUE(undone("first"));
  EXPECT_TRUE(becomes_true(op::kSnapshots, "first", "Recorded")) << "and what follows on that";
}

TEST_F(Hooks, AfterARollbackRunWhenItIsReleased) {
  auto& a = pod("ledger-0");
  (void)policy(around());
  (void)committed("first");
  ASSERT_TRUE(undone("first"));
  rollback("back", {{"policyRef", {{"name", "ledger"}}}, {"to", {{"latest", true}}}});
  ASSERT_TRUE(becomes_true(op::kRollbacks, "back", "Released"));
  ASSERT_TRUE(becomes(op::kRollbacks, "back", [](const Json& object) {
    const auto at = Json::json_pointer("/status/hooks/pending");
    return object.contains(at) && object.at(at) == false;
  }));
  const auto heard = story(a.heard());
  ASSERT_GE(heard.size(), 2U);
  EXPECT_EQ(heard[heard.size() - 2], "Release");
  EXPECT_EQ(heard.back(), "wake");
}

// ---- volumes --------------------------------------------------------------------------------------------------------

TEST_F(Hooks, ComeAfterTheVolumesWereCopied) {
  auto& a = pod("ledger-0");
  auto spec = around();
  spec["volumes"] = {{{"container", "ledger"}, {"path", "/data"}}};
  (void)policy(spec);
  (void)committed("first");
  const auto heard = a.heard();
  const auto at = [&](auto is) { return std::ranges::find_if(heard, is) - heard.begin(); };
  const auto copied = at([](const auto& c) { return std::holds_alternative<Precopy>(c); });
  ASSERT_LT(copied, std::ssize(heard));
  EXPECT_EQ(std::get<Precopy>(heard[static_cast<std::size_t>(copied)]).volumes,
            (std::vector<Volume>{{"ledger", "/data"}}));
  EXPECT_LT(copied, at([](const auto& c) { return std::holds_alternative<RunHooks>(c); }));
  EXPECT_LT(copied, at([](const auto& c) { return std::holds_alternative<Request>(c); }));
}

TEST_F(Hooks, AndTheRoundGoOnWhereVolumesCannotBeCopiedBeforehand) {
  auto& a = pod("ledger-0");
  a.behave([](const Command& command) -> std::optional<Reply> {
    if (std::holds_alternative<Precopy>(command)) return Refused{{}, {Code::Exhausted, "no room"}};
    return obedient()(command);
  });
  (void)policy({{"volumes", {{{"container", "ledger"}, {"path", "/data"}}}}});
  (void)committed("first");
}

}  // namespace
}  // namespace cutline::test
