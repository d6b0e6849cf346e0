// One container of the pod in a box: own root, cgroups and standard streams; its first process is the real launcher.
//
//   auto app = Container::start({.name = "app", .command = {"/workload", "count"}});
//
// Returns with the application running and its tree in the freezer. Inside, /workload is workload.cpp, /data is a
// folder that stays across restarts. Not thread-safe.
//
// With `hub` the launcher connects to a sidecar::Hub that the test has started at hub_socket(), which starts the
// application: link(), freezer() and keeper() are the hub's business then.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sidecar/cgroup/freezer.hpp"
#include "tests/integration/pod/launcher_link.hpp"
#include "tests/integration/pod/output.hpp"
#include "tests/integration/pod/rootfs.hpp"

namespace cutline::test {

struct ContainerOptions {
  std::string name = "app";
  std::vector<std::string> command = {"/workload", "count"};
  uid_t uid = 0;
  gid_t gid = 0;
  bool no_capabilities = false;  // as with `drop: [ALL]` and no privilege escalation
  bool seccomp = true;           // the launcher's filter
  bool system_folders = false;   // the machine's /usr, /lib, /bin and /etc, for real servers
  std::vector<Bind> binds;
  std::vector<std::string> environment;
  bool hub = false;
};

// Where a hub listens, and what its launchers run.
[[nodiscard]] std::string hub_socket();
[[nodiscard]] std::string launcher_program();

class Container {
 public:
  // Moved from, it owns no processes; otherwise they end with it.
  Container(Container&& other) noexcept;
  Container& operator=(Container&&) = delete;
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container();

  // Started as after a pod's start: the launcher says hello, the sidecar says start and go.
  [[nodiscard]] static Result<Container> start(ContainerOptions options);

  // As the container runtime does it when a container has ended: new root, new streams, new launcher under the same
  // name. The new launcher waits: nothing of the application runs until a restore.
  // With `hub` it begins as it did first.
  [[nodiscard]] Status restart();
  // SIGKILL to the launcher, and waits until all of the container is gone.
  [[nodiscard]] Status kill();
  // How the launcher ended, as a shell says it.
  [[nodiscard]] Result<int> wait_for_end(Deadline deadline);

  [[nodiscard]] const ContainerOptions& options() const { return options_; }
  [[nodiscard]] pid_t launcher() const { return launcher_; }
  [[nodiscard]] pid_t keeper() const { return keeper_; }
  void adopted(pid_t root) { keeper_ = root; }
  [[nodiscard]] LauncherLink& link() { return *link_; }
  [[nodiscard]] cgroup::Freezer& freezer() { return *freezer_; }
  [[nodiscard]] Output& out() { return out_; }
  [[nodiscard]] Output& err() { return err_; }
  [[nodiscard]] std::string data() const;  // the folder that the container sees as /data

 private:
  explicit Container(ContainerOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Status spawn();
  [[nodiscard]] Status greet();

  ContainerOptions options_;
  std::string data_;
  int starts_ = 0;
  pid_t launcher_ = 0;
  pid_t keeper_ = 0;
  Fd listener_;
  std::optional<LauncherLink> link_;
  std::optional<cgroup::Freezer> freezer_;
  Output out_;
  Output err_;
};

}  // namespace cutline::test
