// Checkpoints that nobody collects, on a real disk: how many are kept, which go, and when none begins.
#include "sidecar/rounds/own.hpp"

#include <gtest/gtest.h>

#include "base/fd.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::sidecar {
namespace {

using namespace std::chrono_literals;
using protocol::own_checkpoint;

const protocol::Independent own{Millis{1000}, Millis{0}, Millis{500}, {}};
const Instant start{1h};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct OwnCheckpoints : testing::Test {
  store::Temporary top;
  std::optional<store::Store> store;
  std::optional<History> history;
  std::optional<sockets::Tracker> tracker;
  std::optional<OwnTime> time;

  void open() {
    store.emplace(must(store::Store::open(top.path())));
    history.emplace(must(History::open(*store)));
    tracker.emplace(sockets::Bases{}, nullptr,
                    sockets::TrackerOptions{.parent = history->present(), .from_the_beginning = history->fresh()});
    time.emplace(*store, *history, *tracker);
    time->configure(own, start);
  }
  void SetUp() override { open(); }

  // As a save does it, of a pod with nothing to save.
  Epoch seal(std::optional<Epoch> name = {}) {
    const auto epoch = name.value_or(own_checkpoint(must(store->next_index())));
    auto draft = must(store->begin(epoch));
    store::Manifest manifest{{"uid"}, {"pod"}, {}, {}, {}, {}};
    manifest.checkpoint.parent = tracker->cut(epoch).parent;
    (void)must(store->seal(draft, manifest));
    return epoch;
  }
  Epoch keep(std::optional<Epoch> name = {}) {
    const auto epoch = seal(name);
    (void)must(store->commit(epoch));
    must(history->kept(epoch, *tracker));
    return epoch;
  }
};

TEST_F(OwnCheckpoints, ComeAtTheirTimeAndAreNamedByTheNextIndex) {
  EXPECT_FALSE(time->due({}, start + 999ms));
  const auto due = time->due({}, start + 1000ms);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->checkpoint, own_checkpoint(CheckpointIndex{1}));
  EXPECT_EQ(due->hold, own.hold);
  EXPECT_FALSE(time->due({}, start + 10s)) << "until this one has ended";
  time->ended({}, start + 2s);
  EXPECT_EQ(time->next(), start + 3s);
}

TEST_F(OwnCheckpoints, EndWhenTheyAreNotWantedAnyMore) {
  time->configure({}, start);
  EXPECT_FALSE(time->next());
  EXPECT_FALSE(time->due({}, start + 1h));
}

TEST_F(OwnCheckpoints, AreKeptUpToALimitAndTheOldestGoes) {
  std::vector<Epoch> all;
  for (std::size_t i = 0; i < kMostOwn; ++i) all.push_back(keep());
  ASSERT_TRUE(time->due({}, start + 1s));
  EXPECT_EQ(history->own().size(), kMostOwn - 1);
  EXPECT_EQ(history->find(all[0]), nullptr);
  EXPECT_EQ(history->chain(0).front().epoch, all[1]);
  EXPECT_EQ(history->chain(0).front().parent, CheckpointIndex{0});
}

TEST_F(OwnCheckpoints, ThatLeadNowhereGoFirstAndNeverWhatIsNeeded) {
  std::vector<Epoch> all;
  for (std::size_t i = 0; i < kMostOwn; ++i) all.push_back(keep());
  // Back to the second: the others are abandoned.
  (void)tracker->restored(*history->find(all[1]), {}, {});
  must(history->went_back(*tracker));
  ASSERT_TRUE(time->due({all[2]}, start + 1s));
  for (const auto kept : {all[0], all[1], all[2]}) EXPECT_NE(history->find(kept), nullptr);
  EXPECT_EQ(history->find(all[3]), nullptr);
}

TEST_F(OwnCheckpoints, OfACoordinatorAreNotCounted) {
  const auto round = keep(Epoch{7});
  for (std::size_t i = 0; i < kMostOwn; ++i) (void)keep();
  ASSERT_TRUE(time->due({}, start + 1s));
  EXPECT_NE(history->find(round), nullptr);
}

TEST_F(OwnCheckpoints, ThatWereNotKeptWhenTheSidecarEndedAreCollected) {
  const auto kept = keep(), lost = seal(), round = seal(Epoch{7});
  open();
  EXPECT_NE(history->find(kept), nullptr);
  EXPECT_FALSE(store->load(lost));
  EXPECT_TRUE(store->load(round)) << "its coordinator decides";
}

TEST_F(OwnCheckpoints, ThatWereKeptAndNotWrittenDownAreFoundAgain) {
  const auto first = keep();
  const auto second = seal();
  (void)must(store->commit(second));
  open();
  ASSERT_EQ(history->chain(0).size(), 2U);
  EXPECT_EQ(history->chain(0)[1].epoch, second);
  EXPECT_EQ(history->chain(0)[1].parent, history->find(first)->index);
}

struct OwnCheckpointsOnASmallDisk : OwnCheckpoints {
  void SetUp() override {
    top.limit("1m");
    open();
  }
};

TEST_F(OwnCheckpointsOnASmallDisk, DoNotBeginWhereThereIsNoRoomAndComeMoreAndMoreSeldom) {
  must(replace_file((top.path() / "somebody-elses").string(), std::string(1'010'000, 'x')));
  EXPECT_FALSE(time->due({}, start + 1s));
  EXPECT_EQ(time->next(), start + 3s);
  EXPECT_FALSE(time->due({}, start + 3s));
  EXPECT_EQ(time->next(), start + 7s);
  std::filesystem::remove(top.path() / "somebody-elses");
  EXPECT_TRUE(time->due({}, start + 7s));
  time->ended({}, start + 8s);
  EXPECT_EQ(time->next(), start + 9s) << "as before";
}

}  // namespace
}  // namespace cutline::sidecar
