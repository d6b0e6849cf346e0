// A container's tree is saved, runs on, is ended and put back in the same container.
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "sidecar/cgroup/hierarchies.hpp"
#include "tests/integration/criu/saved.hpp"

namespace cutline::test {
namespace {

struct InPlace : Saving {
  // Saves, lets it run on, rolls back, and expects that each of the words goes on from the snapshot.
  void expect_rollback(Container& app, const std::vector<std::string>& words) const {
    const auto saved = must(save(runner, app));
    for (const auto& word : words) must(next_numbers(app, saved.output.size(), word));
    const auto before = must(end_tree(app));
    must(put_back(runner, app, saved.images));
    for (const auto& word : words)
      EXPECT_EQ(must(next_numbers(app, before, word)).front(), saved.last(word) + 1) << word;
  }
};

TEST_F(InPlace, ASavedProcessRunsOnAsIfNothingHadHappened) {
  auto app = running({});
  const auto saved = must(save(runner, app));
  EXPECT_EQ(must(next_numbers(app, saved.output.size())).front(), saved.last() + 1);
}

TEST_F(InPlace, ASavedTreeStaysFrozenUntilTheCallerThawsIt) {
  auto app = running({});
  must(app.freezer().freeze(soon()));
  const auto output = app.out().text();
  must(runner.dump({app.keeper(), app.launcher(), new_folder("images"), app.freezer()}, soon()));
  EXPECT_TRUE(must(app.freezer().frozen()));
  EXPECT_EQ(app.out().text(), output);
  must(app.freezer().thaw());
  must(next_numbers(app, output.size()));
}

TEST_F(InPlace, ARestoredProcessCountsOnFromTheSnapshotUnderTheSamePidInTheSameLog) {
  auto app = running({});
  const auto keeper = app.keeper();
  expect_rollback(app, {"count"});
  EXPECT_EQ(app.keeper(), keeper);
}

TEST_F(InPlace, ThreadsGoOnEachFromItsOwnState) {
  auto app = running({.command = {"/workload", "threads", "4"}}, "thread-3");
  expect_rollback(app, {"thread-0", "thread-1", "thread-2", "thread-3"});
}

TEST_F(InPlace, ChildProcessesAreRestoredWithTheirParent) {
  auto app = running({.command = {"/workload", "children", "3"}}, "child-2");
  expect_rollback(app, {"child-0", "child-1", "child-2"});
}

TEST_F(InPlace, ADaemonThatLeftItsSessionIsStillPartOfTheTree) {
  auto app = running({.command = {"/workload", "daemon"}}, "daemon");
  expect_rollback(app, {"count", "daemon"});
}

// Of /proc/PID/stat.
pid_t parent_of(pid_t pid) {
  const auto stat = must(read_file(fmt::format("/proc/{}/stat", pid)));
  int parent = 0;
  (void)std::sscanf(stat.c_str() + stat.rfind(')'), ") %*c %d", &parent);
  return parent;
}

TEST_F(InPlace, TheKeeperAdoptsDaemonsAfterARestoreAsItDidBefore) {
  auto app = running({.command = {"/workload", "daemon"}}, "daemon");
  const auto expect_tree = [&](std::size_t processes) {
    const auto pids = must(app.freezer().pids());
    EXPECT_EQ(pids.size(), processes);
    for (const auto pid : pids) EXPECT_TRUE(pid == app.keeper() || parent_of(pid) == app.keeper()) << pid;
  };
  expect_tree(3);
  expect_rollback(app, {"count", "daemon"});
  expect_tree(3);
  const auto before = app.out().text().size();
  must(replace_file(app.data() + "/next", ""));
  must(next_numbers(app, before, "next"));
  expect_tree(4);
  expect_rollback(app, {"count", "daemon", "next"});
  expect_tree(4);
}

TEST_F(InPlace, AProcessWithoutRootAndCapabilitiesIsRestoredWithout) {
  auto app = running({.command = {"/workload", "identity"}, .uid = 1000, .gid = 1000, .no_capabilities = true});
  expect_rollback(app, {"count"});
  const auto after = app.out().text().substr(app.out().text().rfind("count 0\n"));
  EXPECT_EQ(numbers_of(after, "uid").back(), 1000);
  EXPECT_EQ(numbers_of(after, "caps").back(), 0);
  EXPECT_EQ(numbers_of(after, "seccomp").back(), 2);  // the launcher's filter
}

TEST_F(InPlace, ACounterInSystemVSharedMemoryGoesBackToo) {
  auto app = running({.command = {"/workload", "shared-memory"}});
  expect_rollback(app, {"count"});
  expect_rollback(app, {"count"});  // it now has an IPC namespace of its own
}

TEST_F(InPlace, ARestoredTreeCanBeSavedAndRolledBackAgain) {
  auto app = running({});
  for (int round = 0; round < 3; ++round) expect_rollback(app, {"count"});
}

TEST_F(InPlace, TwoContainersOfAPodAreSavedTogetherAndRolledBackOneByOne) {
  auto first = running({.name = "first"});
  auto second = running({.name = "second", .command = {"/workload", "children", "2"}}, "child-1");
  const auto saved = must(save(runner, first));
  const auto other = must(save(runner, second));
  const auto first_before = must(end_tree(first));
  const auto second_before = must(end_tree(second));
  must(put_back(runner, second, other.images));
  must(put_back(runner, first, saved.images));
  EXPECT_EQ(must(next_numbers(first, first_before)).front(), saved.last() + 1);
  EXPECT_EQ(must(next_numbers(second, second_before, "child-1")).front(), other.last("child-1") + 1);
}

// Lines of /proc/PID/cgroup.
std::vector<cgroup::Line> groups_of(pid_t pid) {
  return cgroup::parse(must(read_file(fmt::format("/proc/{}/cgroup", pid))));
}

TEST_F(InPlace, ARestoredProcessStandsInItsContainersCgroupsAgain) {
  auto app = running({});
  const auto before = groups_of(app.keeper());
  expect_rollback(app, {"count"});
  EXPECT_EQ(groups_of(app.keeper()), before);
  EXPECT_NE(before, groups_of(::getpid()));
  for (const auto pid : must(app.freezer().pids())) EXPECT_EQ(groups_of(pid), before) << pid;
}

TEST_F(InPlace, ARestoredTreeEndsTheContainerAsItWouldHaveEndedItself) {
  auto app = running({.command = {"/workload", "exit-on-file"}});
  expect_rollback(app, {"count"});
  auto watch = must(criu::ExitWatch::of(app.keeper()));
  EXPECT_FALSE(must(watch.poll()).has_value());
  must(replace_file(app.data() + "/exit", "42"));
  const auto exit = must(watch.wait(soon()));
  EXPECT_EQ(exit, (criu::Exit{.code = 42}));
  (void)!app.link().send(launcher::Exit{exit.code << 8});  // the kernel may have told the launcher already
  EXPECT_EQ(must(app.wait_for_end(soon())), 42);
}

TEST_F(InPlace, NothingIsMountedOrLeftInTheContainer) {
  auto app = running({});
  const auto root = fmt::format("/proc/{}/root", app.launcher());
  const auto mounts = fmt::format("/proc/{}/mountinfo", app.launcher());
  const auto before = must(read_file(mounts));
  expect_rollback(app, {"count"});
  EXPECT_EQ(must(read_file(mounts)), before);
  EXPECT_TRUE(std::filesystem::is_empty(root + "/run"));
  EXPECT_TRUE(std::filesystem::is_empty(root + "/tmp"));
}

}  // namespace
}  // namespace cutline::test
