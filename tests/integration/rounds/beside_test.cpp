// What a sidecar does beside its rounds, and what of it a round finds: hooks, and volumes that were copied beforehand.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "sidecar/files/catalog.hpp"
#include "sidecar/files/contents.hpp"
#include "tests/integration/rounds/asked.hpp"

namespace cutline::test {
namespace {

using namespace std::chrono_literals;
using namespace protocol;

struct BesideARound : AskedShell {
  template <class R>
  R until(const Command& command) {
    for (const auto deadline = soon(); !deadline.passed();) {
      auto reply = ask(command);
      if (auto* wanted = std::get_if<R>(&reply)) return std::move(*wanted);
      if (const auto* refused = std::get_if<Refused>(&reply)) throw std::runtime_error(refused->why.message);
      std::this_thread::yield();
    }
    throw std::runtime_error("not in time");
  }
  bool busy(Command command) {
    const auto reply = ask(std::move(command));
    const auto* refused = std::get_if<Refused>(&reply);
    return refused != nullptr && refused->why.code == Code::Busy;
  }
};

Hook endless() { return {"app", {"/workload", "count"}, Millis{600'000}, true}; }

TEST_F(BesideARound, NoHookBegins) {
  (void)expect<Acked>(Request{Epoch{1}, kHold, {}});
  EXPECT_TRUE(busy(RunHooks{"s1/1", {endless()}}));
  (void)expect<Opened>(Done{Epoch{1}});
  (void)expect<HooksRunning>(RunHooks{"s1/1", {endless()}});
}

TEST_F(BesideARound, HooksKeepTheNextOneWaiting) {
  auto short_one = endless();
  short_one.timeout = Millis{700};
  (void)expect<HooksRunning>(RunHooks{"s1/1", {short_one}});
  EXPECT_TRUE(busy(Request{Epoch{1}, kHold, {}}));
  EXPECT_TRUE(busy(Prepare{Epoch{1}, Epoch{}, "", kHold, {}}));
  EXPECT_TRUE(busy(RunHooks{"s2/1", {short_one}}));
  EXPECT_EQ(until<HooksRun>(RunHooks{"s1/1", {short_one}}).outcomes.at(0).failure,
            "did not end within 700 ms and was killed");
  (void)expect<Acked>(Request{Epoch{2}, kHold, {}});
  (void)expect<Opened>(Done{Epoch{2}});
}

struct Volumes : BesideARound {
  SaveOptions options{GateKind::Queue, {{"app", "/data"}}};
  Epoch epoch{};

  void write(const std::string& name, const std::string& text) const { std::ofstream{app.data() + "/" + name} << text; }
  static void wait_until_settled() {
    for (const auto now = files::now_ns(); files::now_ns() <= now + files::kSettles;) std::this_thread::sleep_for(10ms);
  }
  LocalCheckpoint snapshot() {
    epoch = Epoch{value(epoch) + 1};
    auto acked = expect<Acked>(Request{epoch, kHold, options});
    acked.checkpoint.digest = expect<Opened>(Done{epoch}).digest;
    EXPECT_FALSE(acked.checkpoint.digest.empty());
    return acked.checkpoint;
  }
  // Where the contents of a file lie in a checkpoint: the data file's inode.
  ino_t stored(Epoch checkpoint, const std::string& name) {
    const auto folder = sidecar.store().container_folder(checkpoint, "app");
    for (const auto& e : must(files::read_catalog(folder)).entries)
      if (e.path == "/data/" + name) return inode_of(folder + "/" + e.data);
    return 0;
  }
  static ino_t inode_of(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
  }
  std::string precopied() { return sidecar.store().root() + "/precopy"; }
};

TEST_F(Volumes, AreTakenFromTheCopyMadeBeforehand) {
  write("kept", "kept"), write("changed", "before");
  wait_until_settled();
  const Precopy command{"s1/1", options.volumes};
  EXPECT_EQ(until<Precopied>(command).copied, Bytes{10});
  const auto copy = inode_of(precopied() + "/app/0/files-0.data");
  ASSERT_NE(copy, 0U);
  write("changed", "after!");
  const auto saved = snapshot();
  EXPECT_EQ(stored(saved.epoch, "kept"), copy);
  EXPECT_NE(stored(saved.epoch, "changed"), copy);
  EXPECT_FALSE(std::filesystem::exists(precopied())) << "the checkpoint owns what it has taken";
  EXPECT_TRUE(must(sidecar.store().verify(saved.epoch, saved.digest, soon())).committed);
}

TEST_F(Volumes, ThatDoNotChangeAreStoredOnceForManyCheckpoints) {
  write("kept", "kept");
  wait_until_settled();
  const auto first = snapshot(), second = snapshot();
  EXPECT_EQ(stored(second.epoch, "kept"), stored(first.epoch, "kept"));
  (void)expect<Forgotten>(Forget{first.epoch});
  EXPECT_TRUE(must(sidecar.store().verify(second.epoch, second.digest, soon())).committed)
      << "and it depends on none of them";
}

TEST_F(Volumes, ComeBackAsTheyWereAndItIsSaidHowMuchThatTook) {
  write("kept", "kept"), write("changed", "before");
  wait_until_settled();
  (void)until<Precopied>(Precopy{"s1/1", options.volumes});
  const auto saved = snapshot();
  write("changed", "after!"), write("more", "more");
  (void)expect<Prepared>(Prepare{Epoch{101}, saved.epoch, saved.digest, kHold, {}});
  (void)expect<Stopped>(Stop{Epoch{101}});
  EXPECT_EQ(expect<Restored>(Restore{Epoch{101}}).written, Bytes{6});
  (void)expect<Opened>(Release{Epoch{101}});
  const auto text = [&](const std::string& name) {
    std::ostringstream out;
    out << std::ifstream{app.data() + "/" + name}.rdbuf();
    return out.str();
  };
  EXPECT_EQ(text("changed"), "before");
  EXPECT_EQ(text("kept"), "kept");
  EXPECT_FALSE(std::filesystem::exists(app.data() + "/more"));
}

TEST_F(Volumes, ThatAreBeingCopiedDoNotKeepARoundWaiting) {
  for (int i = 0; i < 2000; ++i) write(std::to_string(i), std::string(10'000, 'a'));
  wait_until_settled();
  (void)ask(Precopy{"s1/1", options.volumes});
  const auto saved = snapshot();  // at once: with whatever has been copied by now
  EXPECT_NE(stored(saved.epoch, "1999"), 0U);
  EXPECT_TRUE(must(sidecar.store().verify(saved.epoch, saved.digest, soon())).committed);
}

}  // namespace
}  // namespace cutline::test
