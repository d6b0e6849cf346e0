// A checkpoint on its way to the repository and back: a sidecar's shell, a real restic and a real S3 server.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/integration/repository/object_store.hpp"
#include "tests/integration/rounds/asked.hpp"
#include "tests/integration/sockets/netns.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::test {
namespace {

using namespace std::chrono_literals;
using namespace protocol;
using testing_net::eventually;
namespace fs = std::filesystem;

struct AShellWithARepository : AskedShell {
  store::Temporary folder;
  ObjectStore objects{StoreKind::Versitygw, folder.path() / "objects"};

  void SetUp() override {
    const auto made = repository::Restic{objects.repository(), {.work = folder.path() / "work"}}.make(
        Deadline::after(Millis{120'000}));
    ASSERT_TRUE(made) << made.error().message;
    AskedShell::SetUp();
  }
  [[nodiscard]] Upload upload(const LocalCheckpoint& checkpoint) const {
    return {checkpoint.epoch, checkpoint.digest, "shop", objects.repository()};
  }
  // Asked again and again until it is an R, or refused.
  template <class R>
  Reply until(const Command& command) {
    Reply last;
    EXPECT_TRUE(eventually(120s, [&] {
      last = ask(command);
      return std::holds_alternative<R>(last) || std::holds_alternative<Refused>(last);
    }));
    return last;
  }
  Uploaded uploaded(const LocalCheckpoint& checkpoint) {
    auto last = until<Uploaded>(upload(checkpoint));
    if (const auto* refused = std::get_if<Refused>(&last)) throw std::runtime_error(refused->why.message);
    return std::get<Uploaded>(std::move(last));
  }
  [[nodiscard]] fs::path kept(Epoch checkpoint) {
    return fs::path{sidecar.store().root()} / "checkpoints" / std::to_string(value(checkpoint));
  }
};

TEST_F(AShellWithARepository, StoresACheckpointOnceHoweverOftenItIsAskedAndAfterItsRestart) {
  const auto checkpoint = snapshot();
  EXPECT_TRUE(std::holds_alternative<Uploading>(ask(upload(checkpoint)))) << "it answers at once";
  const auto first = uploaded(checkpoint);
  EXPECT_EQ(first.bytes, checkpoint.bytes);
  EXPECT_GT(value(first.added), 0U);
  EXPECT_EQ(uploaded(checkpoint).id, first.id);
  shell.reset();
  sidecar.restart();
  start();
  EXPECT_EQ(uploaded(checkpoint).id, first.id);
  EXPECT_EQ(repository::Restic(objects.repository(), {.work = folder.path() / "work"})
                .size(Deadline::after(Millis{60'000}))
                ->snapshots,
            1U);
}

TEST_F(AShellWithARepository, BringsACheckpointBackThatItHasForgottenAndGoesBackToIt) {
  const auto checkpoint = snapshot();
  const auto id = uploaded(checkpoint).id;
  (void)expect<Forgotten>(Forget{checkpoint.epoch});
  EXPECT_FALSE(fs::exists(kept(checkpoint.epoch)));
  const Fetch fetch{checkpoint.epoch, checkpoint.digest, id, objects.repository()};
  EXPECT_TRUE(std::holds_alternative<Fetching>(ask(fetch)));
  const auto fetched = until<Fetched>(fetch);
  ASSERT_TRUE(std::holds_alternative<Fetched>(fetched)) << std::get<Refused>(fetched).why.message;
  (void)expect<Fetched>(fetch);
  const Epoch now{++epoch};
  (void)expect<Prepared>(Prepare{now, checkpoint.epoch, checkpoint.digest, kHold, {}});
  (void)expect<Restored>(Restore{now, expect<Stopped>(Stop{now}).shifts});
  (void)expect<Opened>(Release{now});
  EXPECT_EQ(expect<History>(Recall{}).present->parent, checkpoint.index);
}

TEST_F(AShellWithARepository, RefusesToBringBackWhatIsNotTheCheckpointOnRecord) {
  const auto checkpoint = snapshot(), other = snapshot();
  const auto id = uploaded(checkpoint).id;
  (void)uploaded(other);
  (void)expect<Forgotten>(Forget{checkpoint.epoch});
  const auto refused = until<Fetched>(Fetch{checkpoint.epoch, other.digest, id, objects.repository()});
  ASSERT_TRUE(std::holds_alternative<Refused>(refused));
  EXPECT_EQ(std::get<Refused>(refused).why.code, Code::Corrupt) << std::get<Refused>(refused).why.message;
  EXPECT_FALSE(fs::exists(kept(checkpoint.epoch)));
  EXPECT_FALSE(fs::exists(kept(checkpoint.epoch).string() + ".draft"));
}

TEST_F(AShellWithARepository, DoesNotStoreACheckpointWhoseBytesHaveChanged) {
  const auto checkpoint = snapshot();
  fs::path largest;
  for (const auto& entry : fs::recursive_directory_iterator{kept(checkpoint.epoch)})
    if (entry.is_regular_file() && (largest.empty() || entry.file_size() > fs::file_size(largest)))
      largest = entry.path();
  std::fstream file{largest, std::ios::in | std::ios::out | std::ios::binary};
  const auto byte = static_cast<char>(file.seekg(100).get() ^ 1);
  file.seekp(100).put(byte);
  file.close();
  const auto refused = until<Uploaded>(upload(checkpoint));
  ASSERT_TRUE(std::holds_alternative<Refused>(refused));
  EXPECT_EQ(std::get<Refused>(refused).why.code, Code::Corrupt);
}

TEST_F(AShellWithARepository, TakesSnapshotsWhileItUploadsAndForgetsWhatItUploads) {
  const auto checkpoint = snapshot();
  objects.stand_still(true);  // so that it does not end
  ASSERT_TRUE(std::holds_alternative<Uploading>(ask(upload(checkpoint))));
  const auto other = snapshot();
  EXPECT_GT(other.epoch, checkpoint.epoch);
  EXPECT_TRUE(std::holds_alternative<Uploading>(ask(upload(checkpoint)))) << "it goes on after the round";
  (void)expect<Forgotten>(Forget{checkpoint.epoch});
  EXPECT_FALSE(fs::exists(kept(checkpoint.epoch)));
  objects.stand_still(false);
  (void)uploaded(other);
}

TEST_F(AShellWithARepository, NamesKeysThatAreRefused) {
  const auto checkpoint = snapshot();
  auto wrong = upload(checkpoint);
  wrong.repository.secret_key = "another";
  const auto refused = until<Uploaded>(wrong);
  ASSERT_TRUE(std::holds_alternative<Refused>(refused));
  EXPECT_EQ(std::get<Refused>(refused).why.code, Code::Invalid);
  (void)uploaded(checkpoint);
}

}  // namespace
}  // namespace cutline::test
