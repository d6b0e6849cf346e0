// The files of one container, as part of its checkpoint: saved while its processes are frozen, put back before they are
// restored.
//
// Saved are (1) every regular file that a process has open for writing or mapped writable and shared, and (2) the whole
// tree of each declared volume: files, folders, symbolic and hard links, owners, modes, times, extended attributes,
// holes. Not saved: what is deleted (CRIU carries it), devices, kernel file systems, the contents of sockets and pipes.
//
// Nothing here follows a name out of the container: paths are resolved inside its root (openat2, RESOLVE_IN_ROOT).
// Thread-safe between different containers; one capture or put_back at a time per folder.
#pragma once

#include <functional>
#include <stop_token>

#include "base/deadline.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace cutline::files {

class Earlier;  // what another capture of the container has stored: earlier.hpp

struct CaptureRequest {
  int pid = 0;                       // a process in the container; its root is the container's
  std::vector<int> tree;             // the frozen processes
  std::vector<std::string> volumes;  // absolute paths in the container
  std::string folder;                // exists; receives files.json and files-N.data
  const Earlier* earlier = nullptr;  // linked into `folder`: a file that is as it was then is taken over, not copied
  std::vector<int> neighbours;       // other frozen processes, which may have mapped the same files
};

struct Capture {
  std::uint64_t entries = 0;
  Bytes bytes{};                     // of contents
  Bytes copied{};                    // of them; the others were taken over
  std::vector<std::string> skipped;  // held for writing, but their path now leads elsewhere: CRIU will have to say
};

// Does not flush to disk: sealing the checkpoint does. Exhausted: says what was needed and what was free, before
// copying anything.
[[nodiscard]] Result<Capture> capture(const CaptureRequest& request, Deadline deadline);

struct PrecopyRequest {
  int pid = 0;                                     // as above
  std::function<Result<std::vector<int>>()> pids;  // the pod's processes that may have mapped files, as they are now
  std::vector<std::string> volumes;
  std::string folder;
  const Earlier* earlier = nullptr;
  std::stop_token stop;
};

// Copies the files of the volumes while processes run, for a capture that comes later: its Earlier. What is changing
// now is left out, and so is what could change without a trace: see docs/decisions/copied-beforehand.md. Returns what
// was copied; when it is stopped, or late, what it has until then is good.
[[nodiscard]] Result<Bytes> precopy(const PrecopyRequest& request, Deadline deadline);

struct PutBackRequest {
  int pid = 0;         // a process in the container that is not being restored (its launcher)
  std::string folder;  // as filled by capture, and verified by the store
};

struct PutBack {
  std::uint64_t unchanged = 0;  // not even opened: neither inode, size nor change time had moved
  std::uint64_t compared = 0;
  std::uint64_t removed = 0;
  Bytes written{};
};

// Call when the container's processes have ended. In place where the file still is, so that other holders see the old
// contents too. Files that appeared in a declared volume are removed. May be repeated after a failure. Corrupt: the
// catalog is not one of ours.
[[nodiscard]] Result<PutBack> put_back(const PutBackRequest& request, Deadline deadline);

}  // namespace cutline::files
