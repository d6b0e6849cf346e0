// A container's tree is saved, runs on, is ended and put back in the same container.
#include <gtest/gtest.h>

#include "tests/integration/criu/saved.hpp"
#include "tests/integration/pod/pod.hpp"

namespace cutline::test {
namespace {

bool counts(const std::string& text, const std::string& word = "count") { return numbers_of(text, word).size() >= 5; }

struct InPlace : testing::Test {
  criu::Runner runner = must(criu::Runner::open(criu_bundle()));

  Container running(ContainerOptions options, const std::string& word = "count") {
    auto container = must(Container::start(std::move(options)));
    must(container.out().wait([&](const std::string& text) { return counts(text, word); }, soon()));
    return container;
  }
};

TEST_F(InPlace, ASavedProcessRunsOnAsIfNothingHadHappened) {
  auto app = running({});
  const auto saved = must(save(runner, app));
  const auto last = numbers_of(saved.output, "count").back();
  EXPECT_EQ(must(next_numbers(app, saved.output.size(), "count")).front(), last + 1);
}

TEST_F(InPlace, ARestoredProcessCountsOnFromTheSnapshotUnderTheSamePidInTheSameLog) {
  auto app = running({});
  const auto keeper = app.keeper();
  const auto saved = must(save(runner, app));
  const auto last = numbers_of(saved.output, "count").back();
  must(next_numbers(app, saved.output.size(), "count"));  // it goes on past the snapshot
  must(app.link().send(launcher::Hold{}));
  must(app.link().expect<launcher::Held>(soon()));
  must(app.freezer().kill_all(soon()));
  const auto before = app.out().text().size();
  const auto restored = must(runner.restore({app.launcher(), saved.images, {}, app.freezer()}, soon()));
  EXPECT_EQ(restored.root, keeper);
  EXPECT_EQ(must(next_numbers(app, before, "count")).front(), last + 1);
}

}  // namespace
}  // namespace cutline::test
