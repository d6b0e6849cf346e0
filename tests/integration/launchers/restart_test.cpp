// A container that has started anew is told of until its state has been saved or put back.
#include "tests/integration/launchers/hubbed.hpp"

namespace cutline::test {
namespace {

struct RestartedContainer : Hubbed {
  void restart() {
    must(app.restart());
    count_on();
  }
};

TEST_F(RestartedContainer, AFirstStartIsNoFailure) {
  EXPECT_EQ(container().phase, launcher::Phase::Running);
  EXPECT_EQ(must(container().freezer->pids()).size(), 2U);  // keeper and application
  EXPECT_TRUE(hub->failures().empty());
}

TEST_F(RestartedContainer, IsToldOfUntilItIsSaved) {
  restart();
  await_failure("restarted");
  hub->saved();
  EXPECT_TRUE(hub->failures().empty());
}

TEST_F(RestartedContainer, IsToldOfUntilItIsPutBack) {
  const auto saved = save();
  const auto last = numbers_of(app.out().text(), "count").back();
  restart();
  await_failure("restarted");
  const auto before = app.out().text().size();
  roll_back(saved);
  const auto next = must(next_numbers(app, before)).front();
  EXPECT_GT(next, 0);
  EXPECT_LE(next, last);
  EXPECT_TRUE(hub->failures().empty());
}

TEST_F(RestartedContainer, IsToldOfByASidecarThatWasAwayMeanwhile) {
  hub.reset();
  must(app.restart());
  hub = begin_hub();
  count_on();
  await_failure("restarted");
  hub.reset();
  hub = begin_hub();
  await_failure("restarted");  // nothing has made it well
}

TEST_F(RestartedContainer, IsAcceptedWhenGraceBegins) {
  restart();
  await_failure("restarted");
  hub->set_grace(Millis{1000});
  EXPECT_TRUE(hub->failures().empty());
  hub.reset();
  hub = begin_hub();
  must(hub->containers());
  EXPECT_TRUE(hub->failures().empty());
}

}  // namespace
}  // namespace cutline::test
