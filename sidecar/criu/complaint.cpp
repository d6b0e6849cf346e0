#include "sidecar/criu/complaint.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace cutline::criu {
namespace {

struct Known {
  std::string_view part;  // of one of CRIU's error lines
  Code code;
  std::string_view sentence;
};

// The first entry that fits any error line wins: what is specific stands above what it causes.
constexpr Known kKnown[] = {
    {"Connection timed out", Code::Timeout, "the dump took longer than it may, and was given up"},
    {"io_uring", Code::Unsupported,
     "a process uses io_uring, which cannot be saved; start the application without it, or let Cutline's launcher "
     "refuse it "
     "(do not set the annotation cutline.dev/seccomp: \"off\")"},
    {"send_fds failed (-22)", Code::Unsupported,  // the kernel refuses to pass a ring's descriptor
     "a process uses io_uring, which cannot be saved; start the application without it, or let Cutline's launcher "
     "refuse it "
     "(do not set the annotation cutline.dev/seccomp: \"off\")"},
    {"proto 262", Code::Unsupported,
     "a process listens with Multipath TCP, which cannot be saved; set GODEBUG=multipathtcp=0, or let Cutline's "
     "launcher refuse "
     "it (do not set the annotation cutline.dev/seccomp: \"off\")"},
    {"userfaultfd", Code::Unsupported,
     "a process uses userfaultfd, which cannot be saved; switch it off in the application"},
    {"secretmem", Code::Unsupported,
     "a process uses memfd_secret, which cannot be saved; switch it off in the application"},
    {"[perf_event]", Code::Unsupported, "a process holds a perf event, which cannot be saved; stop the profiler"},
    {"bpf", Code::Unsupported, "a process holds eBPF objects, which cannot be saved; exclude this container"},
    {"[fscontext]", Code::Unsupported, "a process is in the middle of mounting a file system; repeat"},
    {"n-flight connection", Code::Busy,
     "a connection has arrived that the application has not accepted yet, and it would be lost; repeat the snapshot"},
    {"External socket is used", Code::Unsupported,
     "a unix socket is connected to a process outside of the container's tree; let both run in one container, or use "
     "TCP"},
    {"Can't dump half of stream unix connection", Code::Unsupported,
     "a unix socket is connected to a process outside of the container's tree; let both run in one container, or use "
     "TCP"},
    {"SysVIPC shmem map", Code::Unsupported,
     "System V shared memory belongs to an IPC namespace that CRIU stands in; containers of the pod must not share "
     "segments"},
    {"shm set", Code::Conflict,
     "System V shared memory of the same key exists already in the pod; remove it (ipcrm) and repeat"},
    {"ghost file", Code::Unsupported,
     "a process holds a deleted file of more than 64 MiB open; let the application close it, or do not delete it"},
    {"link remap", Code::Unsupported,
     "a process holds a file open whose name was deleted while another name of it exists; this cannot be saved"},
    {"Can't lookup mount", Code::Unsupported,
     "a process holds a file open that lies outside of its container's mounts; find the descriptor in the log, and "
     "close it"},
    {"has bad size", Code::Corrupt,
     "a file that the checkpoint holds open is not as it was; its folder must be saved with the checkpoint (volumes of "
     "the policy)"},
    {"has bad mode", Code::Corrupt,
     "a file that the checkpoint holds open is not as it was; its folder must be saved with the checkpoint (volumes of "
     "the policy)"},
    {"Can't open file", Code::Corrupt,
     "a file that the checkpoint holds open is gone; its folder must be saved with the checkpoint (volumes of the "
     "policy)"},
    {"Can't connect inet socket back", Code::Conflict,
     "an old socket still holds a connection's addresses; it must be destroyed before the restore"},
    {"Can't bind inet socket", Code::Conflict,
     "another process of the pod holds a port or address that the checkpoint needs; end it and repeat"},
    {"File exists", Code::Conflict,
     "a process number of the checkpoint is taken by another process; it must end before the restore"},
    {"not a session leader", Code::Internal,
     "the root of the saved tree leads no session; the container was not started by Cutline's launcher"},
    {"Can't get rlimit", Code::Unsupported,
     "CRIU may not read a process's limits; the sidecar needs CAP_SYS_RESOURCE or its preload library"},
    {"Timeout reached", Code::Timeout,
     "the tasks could not be stopped in time; look for one in an uninterruptible wait (state D)"},
    {"nested", Code::Unsupported,
     "a process stands in a namespace of its own (a sandbox?), which cannot be saved; exclude this container"},
    {"No space left on device", Code::Exhausted,
     "no space is left where the checkpoints are kept; enlarge the volume or keep fewer"},
    {"vdso:", Code::Unsupported, "this CRIU does not know this kernel; take a newer bundle"},
    {"already traced", Code::Busy, "a process is being debugged or traced; detach the debugger and repeat"},
    {"magic", Code::Corrupt, "the images were not written by CRIU, or are damaged"},
};

// Said in every run on a machine that withholds CAP_SYS_RESOURCE or has no tun device.
constexpr std::string_view kHarmless[] = {"Can't setup RLIMIT_NOFILE", "Unable to create tun"};

constexpr std::string_view kMark = "Error (";

// "(00.012345) Error (criu/files.c:12): Can't ..." without the time and the place.
std::string_view text_of(std::string_view line) {
  const auto end = line.find("): ", line.find(kMark));
  return end == std::string_view::npos ? line : line.substr(end + 3);
}

std::vector<std::string_view> error_lines(std::string_view log) {
  std::vector<std::string_view> out;
  while (!log.empty()) {
    const auto line = log.substr(0, log.find('\n'));
    const auto within = [line](std::string_view part) { return line.find(part) != std::string_view::npos; };
    if (within(kMark) && std::ranges::none_of(kHarmless, within)) out.push_back(text_of(line));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
  }
  return out;
}

}  // namespace

Error complaint(std::string_view log, const Ended& outcome) {
  const auto lines = error_lines(log);
  for (const auto& known : kKnown) {
    for (const auto& line : lines) {
      if (line.find(known.part) != std::string_view::npos)
        return {known.code, fmt::format("{} [CRIU: {}]", known.sentence, line)};
    }
  }
  if (!lines.empty()) return {Code::Internal, fmt::format("CRIU failed: {}", lines.front())};
  if (outcome.code > 128) return {Code::Internal, fmt::format("CRIU was ended by signal {}", outcome.code - 128)};
  return {Code::Internal, fmt::format("CRIU failed with exit code {}: {}", outcome.code, outcome.said)};
}

}  // namespace cutline::criu
