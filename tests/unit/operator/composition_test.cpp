// An incremental snapshot's other half: how it is written down, read, and kept from being forgotten.
#include "operator/snapshot/composition.hpp"

#include <gmock/gmock.h>

#include "operator/api/conditions.hpp"
#include "operator/snapshot/plan.hpp"
#include "tests/unit/operator/samples.hpp"

namespace cutline::op::snapshot {
namespace {

using samples::condition;
using samples::kNow;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const PodUid zero{"ledger-0-uid"}, one{"ledger-1-uid"};

protocol::LocalCheckpoint saved(std::uint64_t epoch, std::uint64_t index, protocol::CounterTable counters = {}) {
  protocol::LocalCheckpoint out;
  out.epoch = Epoch{epoch};
  out.index = CheckpointIndex{index};
  out.parent = CheckpointIndex{index - 1};
  out.digest = fmt::format("sha256:{}", epoch);
  out.bytes = Bytes{100};
  out.counters = std::move(counters);
  return out;
}

// ledger-0 is saved as 9; both were saved as 7, and ledger-1 remembers that by another name.
struct Taken {
  protocol::round::Commit commit{Epoch{9}, {{zero, saved(9, 2)}}, protocol::Closure{}};
  Workload workload;
  Taken() {
    for (const auto& pod : samples::ledgers(2)) {
      protocol::History history{{saved(7, 1)}, saved(0, 2)};
      history.renamed.push_back({CheckpointIndex{1}, {{"10.0.0.8", "10.0.0.1"}}, {}});
      workload.pods.push_back({pod, {}, std::move(history), {}});
    }
  }
  [[nodiscard]] Json recorded() const {
    auto object = samples::committed("second", 9);
    object["status"]["protocol"] = "Incremental";
    record(object, compose(commit, workload), commit, workload, {{Epoch{7}, "first"}}, kNow);
    return object;
  }
};

TEST(TheComposition, NamesOfEachPodThatWasLeftOutItsLastCheckpoint) {
  const auto object = Taken{}.recorded();
  EXPECT_TRUE(stands_alone(object));
  EXPECT_THAT(condition(object, "RestorableAlone", "message"), HasSubstr("ledger-1 at checkpoint 1 of first"));
  const auto& rows = object["status"]["composition"]["leftOut"];
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["pod"], "ledger-1");
  EXPECT_EQ(rows[0]["epoch"], 7);
  EXPECT_EQ(rows[0]["digest"], "sha256:7");
  EXPECT_EQ(rows[0]["addresses"], Json({"10.0.0.2"}));
  EXPECT_EQ(names_of(rows[0])("10.0.0.8"), "10.0.0.1");
}

TEST(TheComposition, OfAPodThatWasNeverSavedIsNone) {
  Taken taken;
  taken.workload.pods[1].history.checkpoints.clear();
  const auto object = taken.recorded();
  EXPECT_FALSE(stands_alone(object));
  EXPECT_EQ(condition(object, "RestorableAlone", "reason"), "NeverSaved");
  EXPECT_THAT(why_not_alone(object), HasSubstr("ledger-1 was left out, and has no checkpoint"));
  EXPECT_FALSE(object["status"].contains("composition"));
}

TEST(TheComposition, ThatIsNoConsistentStateSaysBetweenWhom) {
  Taken taken;
  const protocol::Endpoint a{"10.0.0.1", 40001}, b{"10.0.0.2", 80};
  taken.commit.checkpoints.at(zero).counters = {{a, b, 5, 5, 30}};
  taken.workload.pods[1].history.checkpoints[0].counters = {{b, a, 20, 20, 5}};
  taken.workload.pods[1].history.present->counters = {{b, a, 30, 30, 5}};
  const auto object = taken.recorded();
  EXPECT_EQ(condition(object, "RestorableAlone", "reason"), "Inconsistent");
  EXPECT_THAT(why_not_alone(object), HasSubstr("ledger-0 goes back"));
}

TEST(TheComposition, ThatCouldNotBeKnownSaysWhom) {
  auto object = samples::composed("second", 9);
  record_not_composed(object, "pod ledger-1: no connection", kNow);
  EXPECT_FALSE(stands_alone(object));
  EXPECT_THAT(why_not_alone(object), HasSubstr("ledger-1: no connection"));
}

TEST(TheParts, AreTheMembersAndWhatWasLeftOut) {
  const auto all = parts(samples::composed("second", 9));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].uid(), zero);
  EXPECT_EQ(all[0].epoch, Epoch{9});
  EXPECT_EQ(all[1].uid(), one);
  EXPECT_EQ(all[1].epoch, Epoch{7});
  EXPECT_TRUE(all[1].left_out);
}

Observed deleted(Json object, std::vector<Json> others) {
  object["metadata"]["deletionTimestamp"] = kNow;
  set_condition(object, {"Released", true, "GatesOpen", ""}, kNow);
  others.push_back(object);
  return {std::move(object), samples::policy(), samples::ledgers(2), std::move(others), {}, false, {}};
}

std::vector<std::pair<PodUid, Epoch>> forgotten(const Observed& observed) {
  std::vector<std::pair<PodUid, Epoch>> out;
  for (const auto& [peer, epoch] : samples::decided<Collect>(observed).forget) out.emplace_back(peer.uid, epoch);
  return out;
}

TEST(ADeletedSnapshot, LeavesWhatAnotherOneConsistsOf) {
  const auto composed = samples::composed("second", 9);
  EXPECT_THAT(forgotten(deleted(samples::committed("first", 7), {})),
              ElementsAre(std::pair{zero, Epoch{7}}, std::pair{one, Epoch{7}}));
  EXPECT_THAT(forgotten(deleted(samples::committed("first", 7), {composed})), ElementsAre(std::pair{zero, Epoch{7}}));
  const auto needed = needed_by_others(samples::committed("first", 7), {composed}, Where::InRepository);
  EXPECT_TRUE(needed.contains({one, Epoch{7}}));
}

TEST(ADeletedSnapshot, TakesWhatItLeftOutAlongIfNobodyElseHasIt) {
  const auto composed = samples::composed("second", 9);
  EXPECT_THAT(forgotten(deleted(composed, {})), ElementsAre(std::pair{zero, Epoch{9}}, std::pair{one, Epoch{7}}));
  EXPECT_THAT(forgotten(deleted(composed, {samples::committed("first", 7)})), ElementsAre(std::pair{zero, Epoch{9}}));
  EXPECT_THAT(forgotten(deleted(composed, {samples::composed("third", 11)})), ElementsAre(std::pair{zero, Epoch{9}}));
}

TEST(ADeletedSnapshot, IsHeldUpByNoneThatIsDeletedToo) {
  auto composed = samples::composed("second", 9);
  composed["metadata"]["deletionTimestamp"] = kNow;
  EXPECT_THAT(needed_by_others(samples::committed("first", 7), {composed}, Where::InRepository), IsEmpty());
}

TEST(ADeletedSnapshot, LeavesTheCopyOfAnotherOneWithAPodThatStandsIn) {
  auto observed = deleted(samples::committed("first", 7), {});
  observed.pods[1].uid = PodUid{"another"};  // it was brought a copy, which is called 7 too
  EXPECT_THAT(forgotten(observed), ElementsAre(std::pair{zero, Epoch{7}}, std::pair{PodUid{"another"}, Epoch{7}}));
  auto later = samples::composed("second", 9);
  later["status"]["composition"]["leftOut"][0]["uid"] = "another";
  observed.snapshots.push_back(later);
  EXPECT_THAT(forgotten(observed), ElementsAre(std::pair{zero, Epoch{7}}));
}

}  // namespace
}  // namespace cutline::op::snapshot
