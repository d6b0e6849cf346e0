// What became of hooks, as the record says it.
#include <gmock/gmock.h>

#include "operator/hooks/report.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::hooks {
namespace {

using protocol::Hook;
using protocol::HooksRun;
using testing::HasSubstr;

const PodUid kA{"a-uid"}, kB{"b-uid"};

Members members() {
  Members out;
  out[kA].name = "ledger-0";
  out[kB].name = "ledger-1";
  return out;
}

std::vector<Hook> two() { return {{"db", {"redis-cli", "SAVE"}}, {"web", {"sync"}, Millis{10'000}, true}}; }

HooksRun fine() { return {"k", {{0, true, "", "", Micros{5}}, {1, false, "", "", Micros{0}}}}; }

TEST(HooksThatSucceeded, LeaveNothingToTell) {
  auto web = fine();
  web.outcomes[1].ran = true;
  EXPECT_TRUE(judge(two(), members(), {{kA, fine()}, {kB, web}}).failures.empty());
  EXPECT_EQ(judge(two(), members(), {{kA, fine()}, {kB, web}}).fatal(), nullptr);
}

TEST(AHookThatFailed, IsNamedWithPodContainerCommandAndItsLastWords) {
  const HooksRun failed{"k", {{0, true, "exited with status 3", "MISCONF disk is full", Micros{5}}}};
  auto web = fine();
  web.outcomes[1].ran = true;
  const auto report = judge(two(), members(), {{kA, web}, {kB, failed}});
  ASSERT_NE(report.fatal(), nullptr);
  EXPECT_EQ(show(*report.fatal()),
            "pod ledger-1, container db: hook [redis-cli SAVE] exited with status 3: MISCONF disk is full");
}

TEST(AHookThatMayFail, IsToldOfAndEndsNothing) {
  auto web = fine();
  web.outcomes[1] = {1, true, "exited with status 1", "", Micros{5}};
  const auto report = judge(two(), members(), {{kA, web}, {kB, fine()}});
  EXPECT_EQ(report.fatal(), nullptr);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_TRUE(report.failures[0].ignored);
}

TEST(AHookOfAContainerThatNoPodHas, HasFailed) {
  const std::vector<Hook> typo{{"dB", {"sync"}}};
  const HooksRun passed{"k", {{0, false, "", "", Micros{0}}}};
  const auto report = judge(typo, members(), {{kA, passed}, {kB, passed}});
  ASSERT_NE(report.fatal(), nullptr);
  EXPECT_THAT(show(*report.fatal()),
              HasSubstr("container dB: hook [sync]: no pod of the workload has such a container"));
}

TEST(APodThatDidNotAnswer, CountsAsAFailure) {
  const auto report = judge(two(), members(), {{kA, fine()}, {kB, fail(Code::Unavailable, "the pod is gone")}});
  ASSERT_NE(report.fatal(), nullptr);
  EXPECT_EQ(show(*report.fatal()), "pod ledger-1, its hooks: the pod is gone");
}

TEST(TheRecordOfHooks, GivesEachAttemptARunOfItsOwn) {
  auto object = samples::snapshot();
  EXPECT_FALSE(pending(object));
  EXPECT_EQ(run_number(object), 1);
  record_pending(object);
  EXPECT_TRUE(pending(object));
  EXPECT_EQ(run_number(object), 1);
  const auto key = key_of(object, "beforeFreeze");
  record_pending(object);  // by a successor
  EXPECT_EQ(key_of(object, "beforeFreeze"), key) << "what runs already does not run again";
  record(object, {{{"ledger-1", "container db: hook [sync] exited with status 3", false}}});
  record_done(object);
  EXPECT_FALSE(pending(object));
  EXPECT_EQ(object["status"]["hooks"]["failures"][0]["pod"], "ledger-1");
  record_pending(object);
  EXPECT_NE(key_of(object, "beforeFreeze"), key);
  EXPECT_FALSE(object["status"]["hooks"].contains("failures"));
}

}  // namespace
}  // namespace cutline::op::hooks
