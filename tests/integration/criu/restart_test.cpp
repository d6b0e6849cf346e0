// A container that ended is started again by the runtime: new launcher, new streams, new file system. Its tree comes
// back into that.
#include "tests/integration/criu/saved.hpp"

namespace cutline::test {
namespace {

struct Restart : Saving {};

TEST_F(Restart, ATreeComesBackIntoARestartedContainer) {
  auto app = running({});
  const auto saved = must(save(runner, app));
  const auto old_launcher = app.launcher();
  const auto old_keeper = app.keeper();
  must(app.restart());
  ASSERT_NE(app.launcher(), old_launcher);
  must(put_back(runner, app, saved.images));
  EXPECT_EQ(app.keeper(), old_keeper);
  EXPECT_EQ(must(next_numbers(app, 0)).front(), saved.last() + 1);  // in the new log
}

TEST_F(Restart, WithoutRootAndCapabilitiesToo) {
  auto app = running({.command = {"/workload", "identity"}, .uid = 1000, .gid = 1000, .no_capabilities = true});
  const auto saved = must(save(runner, app));
  must(app.restart());
  must(put_back(runner, app, saved.images));
  EXPECT_EQ(must(next_numbers(app, 0)).front(), saved.last() + 1);
  EXPECT_EQ(must(next_numbers(app, 0, "uid")).back(), 1000);
}

TEST_F(Restart, TheNewContainersFilesAndStandardErrorAreUsed) {
  auto app = running({.command = {"/workload", "count-to-file"}});
  const auto saved = must(save(runner, app));
  const auto file = must(read_file(app.data() + "/count"));
  must(app.restart());
  must(put_back(runner, app, saved.images));
  must(next_numbers(app, 0));
  const auto now = must(read_file(app.data() + "/count"));
  EXPECT_GT(now.size(), file.size());
}

}  // namespace
}  // namespace cutline::test
