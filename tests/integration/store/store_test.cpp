#include "sidecar/store/store.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/integration/store/temporary.hpp"

namespace cutline::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
namespace fs = std::filesystem;

Deadline soon() { return Deadline::after(20s); }

class StoreTest : public testing::Test {
 protected:
  Store open() { return Store::open(top_.path() / "cutline").value(); }

  // A checkpoint as CRIU and the file capture would leave it; the bytes of its files.
  Bytes seal(const Store& store, std::uint64_t epoch) {
    auto draft = store.begin(Epoch{epoch}).value();
    const fs::path app = draft.container("app").value();
    write(app / "inventory.img", "inventory");
    write(app / "pages-1.img", std::string(100'000, 'p'));
    write(app / "empty.img", "");
    Manifest manifest;
    manifest.uid = {"uid-1"};
    manifest.containers = {{"app", 1002}};
    return store.seal(draft, manifest).value();
  }
  // Its digest.
  std::string save(const Store& store, std::uint64_t epoch) {
    (void)seal(store, epoch);
    return store.commit(Epoch{epoch}).value();
  }

  fs::path file(std::uint64_t epoch, std::string_view name) const {
    return top_.path() / "cutline/checkpoints" / std::to_string(epoch) / "app" / name;
  }

  Error refused(const Store& store, const std::string& digest) {
    const auto verified = store.verify(Epoch{7}, digest, soon());
    if (verified) ADD_FAILURE() << "a damaged checkpoint was accepted";
    return verified ? Error{} : verified.error();
  }

  Temporary top_;
};

TEST_F(StoreTest, VerifiesWhatItCommitted) {
  const auto store = open();
  EXPECT_EQ(seal(store, 7), Bytes{100'009});
  const auto digest = store.commit(Epoch{7}).value();
  EXPECT_THAT(digest, testing::MatchesRegex("sha256:[0-9a-f]{64}"));
  const auto stored = store.verify(Epoch{7}, digest, soon());
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->manifest.checkpoint.index, CheckpointIndex{1});
  EXPECT_EQ(stored->manifest.checkpoint.digest, digest);
  EXPECT_EQ(stored->manifest.containers.front().root, 1002);
  EXPECT_TRUE(stored->committed);
}

TEST_F(StoreTest, CommitsAfterARestartAndToldAgainSaysTheSame) {
  (void)seal(open(), 7);
  const auto store = open();
  EXPECT_FALSE(store.load(Epoch{7})->committed);
  const auto digest = store.commit(Epoch{7}).value();
  EXPECT_EQ(store.commit(Epoch{7}), digest);
  EXPECT_TRUE(open().verify(Epoch{7}, digest, soon()));
}

TEST_F(StoreTest, CommitsNothingThatIsNotWhatWasSealed) {
  const auto store = open();
  (void)seal(store, 7);
  fs::resize_file(file(7, "pages-1.img"), 99'999);
  EXPECT_EQ(store.commit(Epoch{7}).error().code, Code::Corrupt);
  EXPECT_FALSE(store.load(Epoch{7})->committed);
}

TEST_F(StoreTest, VerifiesNothingThatWasNotCommitted) {
  const auto store = open();
  (void)seal(store, 7);
  EXPECT_EQ(refused(store, store.load(Epoch{7})->manifest.checkpoint.digest).code, Code::Corrupt);
}

TEST_F(StoreTest, FindsOneFlippedBit) {
  const auto store = open();
  const auto digest = save(store, 7);
  std::fstream image{file(7, "pages-1.img"), std::ios::in | std::ios::out | std::ios::binary};
  image.seekp(77'777);
  image.put('q');
  image.close();
  const auto error = refused(store, digest);
  EXPECT_EQ(error.code, Code::Corrupt);
  EXPECT_THAT(error.message, HasSubstr("checkpoint 7: app/pages-1.img has another digest"));
}

TEST_F(StoreTest, FindsATruncatedFile) {
  const auto store = open();
  const auto digest = save(store, 7);
  fs::resize_file(file(7, "pages-1.img"), 99'999);
  EXPECT_THAT(refused(store, digest).message, HasSubstr("app/pages-1.img has 99999 bytes, the manifest says 100000"));
}

TEST_F(StoreTest, FindsAMissingFile) {
  const auto store = open();
  const auto digest = save(store, 7);
  fs::remove(file(7, "inventory.img"));
  EXPECT_THAT(refused(store, digest).message, HasSubstr("app/inventory.img is missing"));
}

TEST_F(StoreTest, FindsAFileThatWasAdded) {
  const auto store = open();
  const auto digest = save(store, 7);
  write(file(7, "criu.conf"), "action-script /evil");
  EXPECT_THAT(refused(store, digest).message, HasSubstr("app/criu.conf does not belong to the checkpoint"));
}

TEST_F(StoreTest, FollowsNoLinkThatTookAFilesPlace) {
  const auto store = open();
  const auto digest = save(store, 7);
  fs::rename(file(7, "pages-1.img"), top_.path() / "pages");
  fs::create_symlink(top_.path() / "pages", file(7, "pages-1.img"));
  EXPECT_EQ(refused(store, digest).code, Code::Corrupt);
}

TEST_F(StoreTest, RefusesAnotherManifestThanTheOneOnRecord) {
  const auto store = open();
  const auto digest = save(store, 7);
  const auto other = save(store, 8);
  EXPECT_EQ(store.verify(Epoch{7}, other, soon()).error().code, Code::Corrupt);
  fs::remove_all(file(7, "").parent_path().parent_path());
  fs::rename(file(8, "").parent_path().parent_path(), file(7, "").parent_path().parent_path());
  EXPECT_THAT(refused(store, digest).message, HasSubstr("holds the checkpoint of epoch 8"));
}

TEST_F(StoreTest, FindsATornManifest) {
  const auto store = open();
  const auto digest = save(store, 7);
  fs::resize_file(file(7, "../manifest.json"), 200);
  EXPECT_EQ(refused(store, digest).code, Code::Corrupt);
}

TEST_F(StoreTest, CollectsDraftsThatWereNotSealed) {
  const auto store = open();
  {
    auto dropped = store.begin(Epoch{1}).value();
    write(fs::path{dropped.container("app").value()} / "x", "x");
  }
  EXPECT_TRUE(fs::is_empty(top_.path() / "cutline/checkpoints")) << "a draft that is dropped goes with its object";
  fs::create_directories(top_.path() / "cutline/checkpoints/2.draft/app");
  fs::create_directories(top_.path() / "cutline/checkpoints/3.gone/app");
  EXPECT_TRUE(open().list().value().empty());
  EXPECT_TRUE(fs::is_empty(top_.path() / "cutline/checkpoints")) << "those of a run that died go at the next start";
}

TEST_F(StoreTest, RefusesContainerNamesThatArePaths) {
  const auto store = open();
  const auto draft = store.begin(Epoch{1}).value();
  for (const auto* name : {"..", "a/b", "", "App", "."})
    EXPECT_EQ(draft.container(name).error().code, Code::Invalid) << name;
}

TEST_F(StoreTest, RefusesToSealWhatIsNoFile) {
  const auto store = open();
  auto draft = store.begin(Epoch{1}).value();
  fs::create_symlink("/etc/passwd", fs::path{draft.container("app").value()} / "link");
  EXPECT_EQ(store.seal(draft, {}).error().code, Code::Corrupt);
}

TEST_F(StoreTest, RefusesASecondCheckpointOfTheSameEpoch) {
  const auto store = open();
  (void)save(store, 7);
  EXPECT_EQ(store.begin(Epoch{7}).error().code, Code::Conflict);
}

TEST_F(StoreTest, NeverGivesTheIndexOfACommittedCheckpointTwice) {
  const auto store = open();
  (void)seal(store, 1);
  (void)save(store, 2);
  ASSERT_TRUE(store.discard(Epoch{1}));
  ASSERT_TRUE(store.discard(Epoch{2}));
  EXPECT_EQ(open().begin(Epoch{3})->index(), CheckpointIndex{3});
}

TEST_F(StoreTest, DiscardsWhatIsThereAndWhatIsNot) {
  const auto store = open();
  (void)save(store, 1);
  ASSERT_TRUE(store.discard(Epoch{1}));
  ASSERT_TRUE(store.discard(Epoch{1}));
  EXPECT_EQ(store.load(Epoch{1}).error().code, Code::NotFound);
}

TEST_F(StoreTest, ListsABadCheckpointBesideTheGoodOnes) {
  const auto store = open();
  (void)save(store, 1);
  (void)save(store, 2);
  fs::resize_file(file(1, "../manifest.json"), 10);
  const auto all = store.list().value();
  EXPECT_FALSE(all.at(Epoch{1}));
  EXPECT_TRUE(all.at(Epoch{2}));
}

TEST_F(StoreTest, EndsAtItsDeadline) {
  const auto store = open();
  auto draft = store.begin(Epoch{1}).value();
  const fs::path app = draft.container("app").value();
  write(app / "pages", "");
  fs::resize_file(app / "pages", 1ULL << 28U);
  ASSERT_TRUE(store.seal(draft, {}));
  const auto digest = store.commit(Epoch{1}).value();
  EXPECT_EQ(store.verify(Epoch{1}, digest, Deadline::after(0ms)).error().code, Code::Timeout);
}

TEST_F(StoreTest, VerifiesFilesOfMoreThanOnePiece) {
  const auto store = open();
  auto draft = store.begin(Epoch{7}).value();
  const fs::path app = draft.container("app").value();
  write(app / "pages", "begin");
  fs::resize_file(app / "pages", 2 * kPiece + 5);
  ASSERT_TRUE(store.seal(draft, {}));
  const auto digest = store.commit(Epoch{7}).value();
  const auto stored = store.verify(Epoch{7}, digest, soon());
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->manifest.files.front().sha256.size(), 3U);
  std::fstream image{file(7, "pages"), std::ios::in | std::ios::out | std::ios::binary};
  image.seekp(static_cast<std::streamoff>(2 * kPiece + 4));
  image.put('!');
  image.close();
  EXPECT_THAT(refused(store, digest).message, HasSubstr("app/pages has another digest"));
}

TEST_F(StoreTest, KeepsThePreviousCheckpointWhenTheDiskIsFull) {
  top_.limit("1m");
  const auto store = open();
  const auto digest = save(store, 7);
  {
    auto draft = store.begin(Epoch{8}).value();
    const fs::path app = draft.container("app").value();
    std::ofstream filler{app / "pages-1.img", std::ios::binary};
    while (filler << std::string(4096, 'x') << std::flush) {
    }
    const auto failed = store.seal(draft, {});
    ASSERT_FALSE(failed) << "the manifest had no room";
    EXPECT_EQ(failed.error().code, Code::Exhausted);
    EXPECT_THAT(failed.error().message, HasSubstr("manifest.json"));
  }
  EXPECT_EQ(store.load(Epoch{8}).error().code, Code::NotFound);
  EXPECT_TRUE(store.verify(Epoch{7}, digest, soon()));
  EXPECT_GT(fs::space(top_.path()).available, 512U << 10U) << "partial bytes are freed";
}

}  // namespace
}  // namespace cutline::store
