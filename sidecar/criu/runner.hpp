// Saves and restores one container's process tree with CRIU, from outside of the container.
//
// CRIU runs inside the container's namespaces, with its binary, libraries and image folder handed in as descriptors:
// nothing is mounted or installed there, and no namespace needs to be dumped. What the container's file system says
// (configuration files, preloads, programs on the path) is never believed: it is the application's, CRIU's rights are
// the sidecar's.
//
//   dump:     prepare -> freezer.freeze -> [counters, gate] -> dump -> [files] -> freezer.thaw
//             the tree stays FROZEN across dump(), and after
//   restore:  freezer.kill_all (if anything is left) -> [sockets, files] -> restore
//             the tree runs when restore() returns
//
// Thread-safe: containers may be dumped and restored at the same time. Blocking; every call ends by its deadline.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/child.hpp"
#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "sidecar/cgroup/freezer.hpp"
#include "sidecar/criu/bundle.hpp"
#include "sidecar/criu/inside.hpp"
#include "sidecar/criu/record.hpp"

namespace cutline::criu {

struct DumpRequest {
  pid_t root = 0;      // the keeper: session leader, root of the saved tree, in the freezer
  pid_t launcher = 0;  // the container's first process: names its standard streams
  std::string images;  // an empty folder; images, dump.log and criu.json come here
  const cgroup::Freezer& freezer;
};

// A CRIU that has started, with its libraries and what it knows of the kernel loaded, and waits right before it looks
// at the tree: 20-30 ms that the tree need not be frozen for. Goes away with the object, and with this process; the
// tree is untouched then.
class PreparedDump {
 public:
  PreparedDump(PreparedDump&&) noexcept = default;

 private:
  friend class Runner;
  PreparedDump(DumpRequest request, Running running, Fd channel, Namespaces inside, bool system_v)
      : request_(std::move(request)),
        running_(std::move(running)),
        channel_(std::move(channel)),
        inside_(std::move(inside)),
        system_v_(system_v) {}
  DumpRequest request_;
  Running running_;
  Fd channel_;  // says when it waits, and hears the deadline
  Namespaces inside_;
  bool system_v_;  // what it was started for
};

struct DumpReport {
  Record record;  // also in criu.json
  Bytes bytes{};  // of all files in the folder
  Micros elapsed{0};
};

struct RestoreRequest {
  pid_t launcher = 0;        // the container's first process NOW; after a restart another one than at the dump
  std::string images;        // verified by the caller: CRIU trusts what it reads
  std::string work;          // where restore.log goes; empty: beside the images
  cgroup::Freezer& freezer;  // of that launcher; the restored tree stands in it
};

struct RestoreReport {
  pid_t root = 0;  // the same number as at the dump; a child of the calling process: see exit_watch.hpp
  Fd pidfd;
  Micros elapsed{0};
};

class Runner {
 public:
  // `cache` is a folder on tmpfs where CRIU keeps what it found out about the kernel: spares 35 of 50 ms from the
  // second run on. Makes the calling process a subreaper, so that restored trees become its children.
  [[nodiscard]] static Result<Runner> open(const std::string& bundle, const std::string& cache = "/dev/shm");

  // Before the freeze, for less time in it. Returns when CRIU waits. Errors: Timeout, NotFound, Internal.
  [[nodiscard]] Result<PreparedDump> prepare(const DumpRequest& request, Deadline deadline) const;

  // Errors: Unsupported (the application holds something that CRIU cannot save; the message names the remedy), Timeout
  // (CRIU gave up at the deadline and released the tasks), Exhausted, NotFound, Internal. After any of them the tree is
  // unharmed and still frozen.
  [[nodiscard]] Result<DumpReport> dump(PreparedDump prepared, Deadline deadline) const;
  // Both in one.
  [[nodiscard]] Result<DumpReport> dump(const DumpRequest& request, Deadline deadline) const;

  // Errors: Conflict (a process number is taken: the message names by whom), Corrupt, Timeout, Unsupported, Internal.
  // After any of them nothing of the tree is left.
  [[nodiscard]] Result<RestoreReport> restore(const RestoreRequest& request, Deadline deadline) const;

 private:
  explicit Runner(Bundle bundle) : bundle_(std::move(bundle)) {}
  Bundle bundle_;
};

}  // namespace cutline::criu
