// What fails in the middle leaves no process frozen and no half checkpoint, and a rollback can be tried again until it
// succeeds.
#include <signal.h>

#include <filesystem>

#include "sidecar/cgroup/tasks.hpp"
#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::test {
namespace {

namespace fs = std::filesystem;

struct FailedSave : testing::Test {
  Container app = Saving::running({});

  // `app` runs, nothing of a checkpoint is left, and the gate opens.
  void expect_nothing_happened(Sidecar& sidecar) {
    EXPECT_FALSE(must(app.freezer().frozen()));
    must(next_numbers(app, app.out().text().size()));
    EXPECT_TRUE(fs::is_empty(sidecar.store().root() + "/checkpoints"));
    must(sidecar.gate().open());
    EXPECT_FALSE(must(sidecar.gate().state()).closed);
  }
};

TEST_F(FailedSave, AContainerThatVanishesBetweenThePreparationAndTheFreezeHarmsNoOther) {
  auto other = Saving::running({.name = "other"});
  Sidecar sidecar{{&app, &other}};
  sidecar.launchers().after_guard = [&] {
    (void)::kill(other.keeper(), SIGKILL);
    must(cgroup::wait_gone({other.keeper()}, soon()));
  };
  const auto saved = sidecar.save(Epoch{1});
  ASSERT_FALSE(saved);
  EXPECT_NE(saved.error().message.find("other"), std::string::npos) << saved.error().message;
  expect_nothing_happened(sidecar);
}

TEST_F(FailedSave, ADeclaredVolumeThatIsNotThereIsNamed) {
  Sidecar sidecar{{&app}};
  const auto saved = sidecar.save(Epoch{1}, {.volumes = {{"app", "/no-such-volume"}}});
  ASSERT_FALSE(saved);
  EXPECT_NE(saved.error().message.find("/no-such-volume"), std::string::npos) << saved.error().message;
  expect_nothing_happened(sidecar);
  must(sidecar.save(Epoch{2}));
  must(sidecar.gate().open());
}

TEST_F(FailedSave, ADiskThatIsTooSmallIsSaidAndLeftEmpty) {
  auto large = Saving::running({.name = "large", .command = {"/workload", "memory", "32"}});
  store::Temporary folder;
  folder.limit("12m");
  Sidecar sidecar{{&app, &large}, folder.path()};
  const auto saved = sidecar.save(Epoch{1});
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::Exhausted) << saved.error().message;
  EXPECT_FALSE(must(large.freezer().frozen()));
  must(next_numbers(large, large.out().text().size()));
  expect_nothing_happened(sidecar);
}

struct FailedRollback : testing::Test {
  Container first = Saving::running({.name = "first", .command = {"/workload", "count-to-file"}});
  Container second = Saving::running({.name = "second"});
  Sidecar sidecar{{&first, &second}};
  long reached[2] = {};
  std::size_t before[2] = {};

  // Saves; then a rollback that fails when `first` is back and `second` cannot be.
  protocol::LocalCheckpoint save_and_fail() {
    auto saved = must(sidecar.save(Epoch{1}));
    must(sidecar.gate().open());
    for (auto* const app : {&first, &second}) must(next_numbers(*app, app->out().text().size()));
    must(sidecar.verify(saved));
    for (auto* const app : {&first, &second}) must(app->freezer().freeze(soon()));
    note_outputs();
    fs::rename(pages(), pages() + ".away");
    EXPECT_FALSE(sidecar.put_back(saved.epoch));
    fs::rename(pages() + ".away", pages());
    EXPECT_TRUE(must(sidecar.gate().state()).closed);
    EXPECT_FALSE(must(sidecar.gate().state()).opens_in.has_value());
    return saved;
  }
  [[nodiscard]] std::string pages() { return sidecar.store().container_folder(Epoch{1}, "second") + "/pages-1.img"; }
  void note_outputs() {
    std::size_t i = 0;
    for (auto* const app : {&first, &second}) {
      before[i] = app->out().text().size();
      reached[i++] = numbers_of(app->out().text(), "count").back();
    }
  }
  void expect_both_back() {
    std::size_t i = 0;
    for (auto* const app : {&first, &second}) {
      EXPECT_LT(must(next_numbers(*app, before[i])).front(), reached[i]) << app->options().name;
      ++i;
    }
    must(sidecar.gate().open());
  }
};

TEST_F(FailedRollback, IsRepeatedFromTheBeginning) {
  const auto saved = save_and_fail();
  must(sidecar.put_back(saved.epoch));
  expect_both_back();
}

TEST_F(FailedRollback, IsRepeatedByASidecarThatStartsAgainBehindTheClosedGate) {
  const auto saved = save_and_fail();
  sidecar.restart();
  EXPECT_TRUE(must(sidecar.gate().state()).closed);
  must(sidecar.put_back(saved.epoch));
  EXPECT_TRUE(must(sidecar.gate().state()).closed);
  expect_both_back();
}

TEST_F(FailedRollback, CanGiveWayToTheNextSaveOnceItHasSucceeded) {
  const auto saved = save_and_fail();
  must(sidecar.put_back(saved.epoch));
  expect_both_back();
  const auto next = must(sidecar.save(Epoch{200}));
  for (auto* const app : {&first, &second}) must(next_numbers(*app, app->out().text().size()));
  must(sidecar.verify(next));
  for (auto* const app : {&first, &second}) must(app->freezer().freeze(soon()));
  note_outputs();
  must(sidecar.put_back(next.epoch));
  expect_both_back();
}

}  // namespace
}  // namespace cutline::test
