// A real restic against real servers, of S3 and of volumes, which are killed, revoke their keys, fill up and stand
// still.
#include "repository/restic.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <thread>

#include "repository/manifest.hpp"
#include "repository/tags.hpp"
#include "tests/integration/repository/object_store.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::test {
namespace {

using namespace std::chrono_literals;
using repository::Attention;
using repository::Progress;
using repository::Restic;
namespace fs = std::filesystem;

Deadline soon() { return Deadline::after(Millis{120'000}); }

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void fill(const fs::path& file, std::size_t bytes, unsigned seed) {
  fs::create_directories(file.parent_path());
  std::mt19937_64 random{seed};
  std::string block(bytes, '\0');
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    const auto word = random();
    std::memcpy(block.data() + i, &word, 8);
  }
  std::ofstream{file, std::ios::binary}.write(block.data(), static_cast<std::streamsize>(block.size()));
}

std::string contents(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// Of this process's child: R, S, T ...; 0: none.
char state_of_restic() {
  for (const auto& entry : fs::directory_iterator{"/proc"}) {
    if (!fs::is_regular_file(entry.path() / "stat")) continue;
    const auto text = contents(entry.path() / "stat");
    const auto at = text.find(" (restic) ");
    if (at != std::string::npos && text.substr(at + 12).starts_with(std::to_string(::getpid()) + ' '))
      return text[at + 10];
  }
  return 0;
}

struct AnObjectStore : testing::TestWithParam<StoreKind> {
  store::Temporary folder;
  fs::path source = folder.path() / "source";
  ObjectStore store{GetParam(), folder.path() / "store"};

  [[nodiscard]] repository::Program program() const { return {.work = folder.path() / "work"}; }
  [[nodiscard]] Restic restic(protocol::Repository repository) const {
    return Restic{std::move(repository), program()};
  }
  [[nodiscard]] Restic restic() const { return restic(store.repository()); }
  [[nodiscard]] Result<repository::Kept> keep(const Restic& restic, const Attention& attention = {},
                                              const repository::Tags& tags = {"a=1"}) const {
    return restic.keep_folder(source, "pod-0", tags, soon(), attention);
  }
};

constexpr auto kEach = [] { return testing::Values(StoreKind::Versitygw, StoreKind::Rclone, StoreKind::Volume); };
constexpr auto kName = [](const auto& tested) {
  return tested.param == StoreKind::Versitygw ? "Versitygw" : tested.param == StoreKind::Rclone ? "Rclone" : "Volume";
};
INSTANTIATE_TEST_SUITE_P(Real, AnObjectStore, kEach(), kName);

TEST_P(AnObjectStore, GivesBackWhatWasKept) {
  fill(source / "app" / "pages-1.img", 5'000'000, 1);
  fill(source / "manifest.json", 100, 2);
  const auto there = restic();
  must(there.make(soon()));
  must(there.make(soon()));  // made already
  const auto kept = must(keep(there));
  EXPECT_EQ(value(kept.bytes), 5'000'100U);
  EXPECT_GE(value(kept.added), 5'000'000U);
  EXPECT_EQ(kept.id.size(), 64U);
  const auto target = folder.path() / "target";
  fs::create_directory(target);
  must(there.restore(kept.id, target, soon(), {}));
  EXPECT_EQ(contents(target / "app" / "pages-1.img"), contents(source / "app" / "pages-1.img"));
  EXPECT_EQ(contents(target / "manifest.json"), contents(source / "manifest.json"));
}

TEST_P(AnObjectStore, StoresNoByteTwiceAndFindsASnapshotByItsTags) {
  fill(source / "pages", 5'000'000, 1);
  const auto there = restic();
  must(there.make(soon()));
  const auto first = must(keep(there, {}, repository::checkpoint_tags("ns", PodUid{"u"}, Epoch{7})));
  const auto second = must(keep(there, {}, repository::checkpoint_tags("ns", PodUid{"u"}, Epoch{8})));
  EXPECT_LT(value(second.added), 50'000U);
  const auto found = must(there.find(repository::checkpoint_tags("ns", PodUid{"u"}, Epoch{7}), soon()));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, first.id);
  EXPECT_TRUE(must(there.find(repository::checkpoint_tags("other", PodUid{"u"}, Epoch{7}), soon())).empty());
  EXPECT_EQ(must(there.size(soon())).snapshots, 2U);
  must(there.forget({first.id}, soon()));
  must(there.forget({first.id}, soon()));  // gone already
  EXPECT_TRUE(must(there.find(repository::checkpoint_tags("ns", PodUid{"u"}, Epoch{7}), soon())).empty());
  must(there.prune(soon()));
  must(there.check("100%", Restic::Company::Alone, soon()));
}

TEST_P(AnObjectStore, KeepsASignedManifestAsItIs) {
  const auto there = restic();
  must(there.make(soon()));
  const auto key = repository::make_key();
  repository::Manifest manifest{.ns = "ns",
                                .policy = {},
                                .snapshot = "s1",
                                .uid = "u",
                                .epoch = Epoch{7},
                                .protocol = "Coordinated",
                                .members = {},
                                .external = {},
                                .versions = {},
                                .created = "now"};
  const auto text = repository::sign(manifest, key);
  const auto kept = must(
      there.keep_text(text, repository::kManifestName, "cutline", repository::manifest_tags("ns", "s1", "u"), soon()));
  const auto read = must(there.text_of(kept.id, repository::kManifestName, soon()));
  EXPECT_EQ(must(repository::verify(read, std::vector{key.open})), manifest);
}

TEST_P(AnObjectStore, RefusesAWrongPasswordInWordsThatHelp) {
  must(restic().make(soon()));
  auto wrong = store.repository();
  wrong.password = "wrong";
  const auto refused = restic(wrong).make(soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("passwordSecretRef"));
}

TEST_P(AnObjectStore, OfS3NamesAMissingBucket) {
  if (GetParam() == StoreKind::Volume) return;  // has none
  auto elsewhere = store.repository();
  elsewhere.url.replace(elsewhere.url.find("/backups"), 8, "/nowhere");
  const auto missing = restic(elsewhere).make(soon());
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("no such bucket"));
}

TEST_P(AnObjectStore, HasANameThatStaysAndASecondOneHasAnother) {
  const auto there = restic();
  const auto none = there.identity(soon());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::NotFound) << none.error().message;
  must(there.make(soon()));
  const auto name = must(there.identity(soon()));
  must(there.make(soon()));
  EXPECT_EQ(must(there.identity(soon())), name);
  const auto other = restic(store.repository("other"));
  must(other.make(soon()));
  EXPECT_NE(must(other.identity(soon())), name);
}

struct AVolumesServer : testing::Test {
  store::Temporary folder;
  ObjectStore store{StoreKind::Volume, folder.path() / "store"};
  [[nodiscard]] Status made(const protocol::Repository& as) const {
    return Restic{as, {.work = folder.path() / "work"}}.make(Deadline::after(10s));
  }
};

TEST_F(AVolumesServer, LetsNobodyInWithoutItsKeysAndNeverShowsThem) {
  auto access = store.repository();
  access.secret_key = "guessed";
  const auto refused = made(access);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Invalid) << refused.error().message;
  EXPECT_THAT(refused.error().message, testing::HasSubstr("refuses the keys"));
  EXPECT_THAT(refused.error().message, testing::Not(testing::HasSubstr("guessed")));
  access = store.repository();
  store.kill();
  const auto away = made(access);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::Unavailable) << away.error().message;
  EXPECT_THAT(away.error().message, testing::AllOf(testing::HasSubstr("does not answer"),
                                                   testing::Not(testing::HasSubstr(access.secret_key))));
}

TEST_F(AVolumesServer, IsToldFromAnImpostorByItsCertificate) {
  auto access = store.repository();
  access.authority = control::make_authority("another", std::chrono::hours{1}).value().certificate;
  const auto distrusted = made(access);
  ASSERT_FALSE(distrusted);
  EXPECT_EQ(distrusted.error().code, Code::Invalid) << distrusted.error().message;
  EXPECT_THAT(distrusted.error().message, testing::HasSubstr("certificate is not trusted"));
}

TEST_P(AnObjectStore, NeverGivesBackBytesThatWereChangedInIt) {
  fill(source / "pages", 3'000'000, 1);
  const auto there = restic();
  must(there.make(soon()));
  const auto kept = must(keep(there));
  fs::path largest;
  for (const auto& entry : fs::recursive_directory_iterator{store.bucket()})
    if (entry.is_regular_file() && (largest.empty() || entry.file_size() > fs::file_size(largest)))
      largest = entry.path();
  std::fstream pack{largest, std::ios::in | std::ios::out | std::ios::binary};
  pack.seekg(1000);
  const auto byte = static_cast<char>(pack.get() ^ 1);
  pack.seekp(1000).put(byte);
  pack.close();
  const auto target = folder.path() / "target";
  fs::create_directory(target);
  EXPECT_FALSE(there.restore(kept.id, target, soon(), {}));
  EXPECT_NE(contents(target / "pages"), contents(source / "pages"));
}

// An upload that is slow enough for something to happen in the middle of it.
struct MidUpload : AnObjectStore {
  std::atomic<bool> begun = false, troubled = false;
  std::atomic<int> idle = 0;  // how often it has told that it is no further
  Bytes done{};
  std::optional<Result<repository::Kept>> ended;
  repository::Brake brake;
  std::stop_source stop;
  Attention attention{.told = [this](const Progress& progress) {
    if (progress.done > Bytes{0}) begun = true;
    idle = progress.done == done ? idle + 1 : 0;
    done = progress.done;
    if (progress.trouble) troubled = true;
  }};
  std::jthread uploader;

  void begin(std::uint32_t limit) {
    fill(source / "pages", 24'000'000, 3);
    must(restic().make(soon()));
    auto repository = store.repository();
    repository.limit = limit;
    uploader = std::jthread{[this, there = restic(repository)] { ended = keep(there, attention); }};
    ASSERT_TRUE(await([&] { return begun.load(); }));
  }
  static bool await(const std::function<bool()>& what) {
    const auto deadline = soon();
    while (!what()) {
      if (deadline.passed()) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }
  const Result<repository::Kept>& end() {
    uploader.join();
    return *ended;
  }
};

INSTANTIATE_TEST_SUITE_P(Real, MidUpload, kEach(), kName);

TEST_P(MidUpload, AServerThatIsKilledAndComesBackFindsTheUploadGoingOn) {
  begin(6'000);
  store.kill();
  ASSERT_TRUE(await([&] { return troubled.load(); }));
  store.start();
  const auto kept = end();
  ASSERT_TRUE(kept) << kept.error().message;
  must(restic().check("100%", Restic::Company::Alone, soon()));
}

TEST_P(MidUpload, AServerThatStaysAwayEndsItAfterItsPatience) {
  attention.patience = 2s;
  begin(6'000);
  store.kill();
  const auto& kept = end();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Code::Unavailable) << kept.error().message;
}

TEST_P(MidUpload, KeysThatAreRevokedEndItAndAreNamed) {
  begin(6'000);
  store.kill();
  store.accept("other", "another-secret");
  store.start();
  const auto& kept = end();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Code::Invalid) << kept.error().message;
  EXPECT_THAT(kept.error().message,
              testing::HasSubstr(GetParam() == StoreKind::Volume ? "refuses the keys" : "credentialsSecretRef"));
}

TEST_P(MidUpload, AServerThatStandsStillForAWhileCostsTimeOnly) {
  begin(12'000);
  store.stand_still(true);
  idle = 0;
  ASSERT_TRUE(await([&] { return idle >= 4; })) << "it went on without a server";
  store.stand_still(false);
  const auto& kept = end();
  ASSERT_TRUE(kept) << kept.error().message;
}

TEST_P(MidUpload, ABrakeStopsItAtOnceAndLetsItGoOn) {
  attention.brake = &brake;
  begin(12'000);
  EXPECT_NE(state_of_restic(), 'T');
  brake.hold();
  EXPECT_TRUE(await([] { return state_of_restic() == 'T'; }));
  EXPECT_FALSE(ended);
  brake.release();
  EXPECT_TRUE(end());
}

TEST_P(MidUpload, AStopEndsItEvenWhileItIsHeld) {
  attention.brake = &brake;
  attention.stop = stop.get_token();
  begin(1'000);
  brake.hold();
  stop.request_stop();
  EXPECT_FALSE(end());
}

TEST_P(MidUpload, NobodyClearsAwayBytesUnderIt) {
  begin(6'000);
  const auto pruned = restic().prune(Deadline::after(2s));
  ASSERT_FALSE(pruned);
  EXPECT_EQ(pruned.error().code, Code::Busy) << pruned.error().message;
  ASSERT_TRUE(end());
  must(restic().prune(soon()));
  must(restic().check("100%", Restic::Company::Alone, soon()));
}

TEST_P(MidUpload, ACheckBesideItKeepsNobodyWaiting) {
  begin(6'000);
  must(restic().check("100%", Restic::Company::Others, soon()));
  EXPECT_TRUE(end());
}

// restic lists the locks, then reads them: one that went in between, it would look for for a quarter of an hour.
TEST_P(AnObjectStore, ServesManyAtOnce) {
  const auto there = restic();
  must(there.make(soon()));
  std::atomic<int> failed = 0;
  const auto deadline = Deadline::after(Millis{150'000});
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < 4; ++i)
      all.emplace_back([&, i] {
        for (int turn = 0; turn < 6; ++turn)
          if (!there.keep_text(fmt::format("{} {}", i, turn), "file", "pod", {"many"}, deadline)) ++failed;
      });
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(must(there.find({"many"}, soon())).size(), 24U);
}

TEST_P(AnObjectStore, IsSentNoMoreASecondThanTheLimitAllows) {
  fill(source / "pages", 6'000'000, 5);
  must(restic().make(soon()));
  auto slow = store.repository();
  slow.limit = 2'000;
  const auto began = std::chrono::steady_clock::now();
  must(keep(restic(slow)));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 2'500ms);
}

TEST_P(AnObjectStore, TellsOfDamageByName) {
  fill(source / "pages", 3'000'000, 1);
  const auto there = restic();
  must(there.make(soon()));
  (void)must(keep(there));
  must(there.check("100%", Restic::Company::Others, soon()));
  for (const auto& entry : fs::directory_iterator{store.bucket() / "test" / "data"}) fs::remove_all(entry.path());
  const auto damaged = there.check("0%", Restic::Company::Others, soon());
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Code::Corrupt) << damaged.error().message;
  // rclone's server lists for a while what is gone; reading it fails.
  EXPECT_THAT(damaged.error().message,
              testing::AnyOf(testing::HasSubstr("pack "), testing::HasSubstr("tree "), testing::HasSubstr("<data/")));
}

TEST_P(AnObjectStore, TakesItOnceThereIsRoomAgain) {
  store::Temporary small;
  small.limit("48m");
  ObjectStore full{GetParam(), small.path() / "store"};
  fill(small.path() / "in the way", 30'000'000, 6);
  fill(source / "pages", 24'000'000, 7);
  const auto there = restic(full.repository());
  must(there.make(soon()));
  ASSERT_FALSE(keep(there, {.patience = 3s}));
  fs::remove(small.path() / "in the way");
  must(keep(there));
  must(there.check("100%", Restic::Company::Alone, soon()));
}

TEST_P(AnObjectStore, SaysThatItIsFull) {
  store::Temporary small;
  small.limit("12m");
  ObjectStore full{GetParam(), small.path() / "store"};
  fill(source / "pages", 40'000'000, 4);
  const auto there = restic(full.repository());
  must(there.make(soon()));
  const auto kept = keep(there, {.patience = 5s});
  ASSERT_FALSE(kept);
  // rclone's server tells its log why, and its clients that there was an error.
  EXPECT_EQ(kept.error().code, GetParam() == StoreKind::Rclone ? Code::Unavailable : Code::Exhausted)
      << kept.error().message;
}

}  // namespace
}  // namespace cutline::test
