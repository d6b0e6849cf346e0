#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>

#include "sidecar/preflight/fdinfo.hpp"
#include "sidecar/preflight/rules.hpp"

namespace cutline::preflight {
namespace {

constexpr std::uint64_t kMqueueMagic = 0x19800202;
constexpr std::string_view kDeleted = " (deleted)";

using D = const Descriptor&;
using P = const Process&;
using F = const Facts&;

template <class... Names>
bool one_of(std::string_view text, Names... names) {
  return ((text == names) || ...);
}

bool is_timer(D d) { return d.link == "anon_inode:[timerfd]"; }
bool is_zero(std::string_view pair) { return pair.empty() || pair == "(0, 0)"; }
bool is_pidfd(D d) { return d.link == "anon_inode:[pidfd]" || d.link.starts_with("pidfd:"); }

// Without a file system that the container could mount: memory that only looks like a file.
bool is_kernel_memory(D d) {
  return d.link.starts_with("/memfd:") || d.link.starts_with("/SYSV") || d.link.starts_with("/anon_hugepage") ||
         d.link.starts_with("/secretmem") || d.link == "/dev/zero (deleted)" || d.file_system == kMqueueMagic;
}

bool is_deleted_file(D d) { return S_ISREG(d.type) && d.link.ends_with(kDeleted) && !is_kernel_memory(d); }

bool is_known_anonymous(D d) {
  return one_of(d.link, "anon_inode:[eventfd]", "anon_inode:[eventpoll]", "anon_inode:[signalfd]",
                "anon_inode:[timerfd]", "anon_inode:inotify", "anon_inode:[fanotify]", "anon_inode:[pidfd]");
}

bool is_savable_device(D d) {
  const auto type = major(d.device);
  return type == 1 || type == 4 || type == 5 || (type >= 136 && type <= 143);  // memory devices and terminals
}

bool is_savable_protocol(D d) {
  return d.protocol.empty() || one_of(d.protocol, "TCP", "TCPv6", "UDP", "UDPv6", "UDP-Lite", "UDPLITEv6", "UNIX",
                                      "UNIX-STREAM", "NETLINK", "PACKET", "RAW", "RAWv6", "PING", "PINGv6");
}

bool has_outside_peer(D d, F facts) {
  const auto found = facts.unix_sockets.find(d.inode);
  if (!S_ISSOCK(d.type) || found == facts.unix_sockets.end() || !found->second.stream || found->second.peer == 0)
    return false;
  for (const auto& process : facts.processes) {
    for (const auto& other : process.descriptors) {
      if (S_ISSOCK(other.type) && other.inode == found->second.peer) return false;
    }
  }
  return true;
}

std::uint64_t queued(const std::map<std::uint64_t, InetSocket>& sockets, D d, bool listening) {
  const auto found = S_ISSOCK(d.type) ? sockets.find(d.inode) : sockets.end();
  return found == sockets.end() || found->second.listening != listening ? 0 : found->second.queued;
}

// The first that applies to a descriptor is the one that is told.
constexpr std::array kDescriptorRules = std::to_array<DescriptorRule>({
    {kFails, [](D d, P, F) { return d.link == "anon_inode:[io_uring]"; },
     "io_uring cannot be saved; leave Cutline's seccomp filter on, with which most servers fall back to epoll, or switch io_uring off in the application"},
    {kFails, [](D d, P, F) { return d.link == "anon_inode:[userfaultfd]"; },
     "a userfaultfd cannot be saved; switch off what handles page faults in user space (a garbage collector's or a sandbox's option)"},
    {kFails, [](D d, P, F) { return d.link == "anon_inode:[perf_event]"; }, "perf counters cannot be saved; end the profiler or switch it off"},
    {kFails, [](D d, P, F) { return d.link.starts_with("anon_inode:bpf") || d.link == "anon_inode:btf"; },
     "eBPF maps, programs and links cannot be saved; move what loads them to a container that does not take part (cutline.dev/exclude)"},
    {kFails, [](D d, P, F) { return d.link == "anon_inode:[fscontext]"; }, "a file system that is being set up cannot be saved; snapshot when the mount is done"},
    {kFails, [](D d, P, F) { return d.link.starts_with("anon_inode:[landlock"); }, "a Landlock rule set cannot be saved while its descriptor is open; close it after landlock_restrict_self"},
    {kFails, [](D d, P, F) { return d.link == "anon_inode:seccomp notify"; }, "a seccomp supervisor's descriptor cannot be saved; run the supervisor outside of the snapshot"},
    {kFails, [](D d, P, F) { return S_ISCHR(d.type) && d.link.ends_with("/fuse"); }, "a FUSE server cannot be saved; run it in a container that does not take part (cutline.dev/exclude)"},
    {kFails, [](D d, P, F) { return S_ISCHR(d.type) && d.link.ends_with("/net/tun"); }, "a TUN or TAP device cannot be saved; run the tunnel in a container that does not take part (cutline.dev/exclude)"},
    {kFails, [](D d, P, F) { return S_ISCHR(d.type) && !is_savable_device(d); }, "this device cannot be saved; close it before a snapshot, or exclude the container"},
    {kFails, [](D d, P, F) { return S_ISBLK(d.type); }, "a block device cannot be saved; use a file or a file system"},
    {kFails, [](D d, P, F) { return d.protocol.starts_with("MPTCP"); },
     "multipath TCP cannot be saved; leave Cutline's seccomp filter on, or for Go set GODEBUG=multipathtcp=0"},
    {kFails, [](D d, P, F) { return d.protocol == "AF_VSOCK"; }, "vsock connections cannot be saved; use TCP or a unix socket"},
    {kFails, [](D d, P, F) { return !is_savable_protocol(d); }, "sockets of this protocol cannot be saved; close them before a snapshot, or exclude the container"},
    {kFails, [](D d, P, F) { return d.options.contains("eBPF filter"); }, "an eBPF filter on a socket cannot be saved; use a classic filter or detach it"},
    {kFails, [](D d, P, F) { return d.file_system == kMqueueMagic; }, "POSIX message queues cannot be saved; use a unix socket or a pipe"},
    {kFails, [](D d, P, F) { return d.link.starts_with("/secretmem"); }, "memfd_secret memory cannot be read, so not saved; use memfd_create and mlock"},
    {kFails, [](D d, P, F) { return is_timer(d) && one_of(field(d.info, "clockid"), "8", "9"); },
     "a timer that wakes the machine (CLOCK_*_ALARM) cannot be saved; use CLOCK_REALTIME or CLOCK_BOOTTIME"},
    {kFails, [](D d, P, F) { return is_pidfd(d) && (flags_of(d.info) & O_EXCL) != 0; }, "a pidfd of a thread cannot be saved; use one of the process"},
    {kFails, [](D d, P, F facts) { return is_pidfd(d) && field(d.info, "Pid") != "-1" && facts.find(static_cast<int>(number(field(d.info, "Pid")))) == nullptr; },
     "a pidfd of a process outside of the saved tree cannot be saved; close it before a snapshot"},
    {kFails, [](D d, P, F) { return d.link.starts_with("anon_inode:") && !is_known_anonymous(d); }, "this kind of descriptor cannot be saved; close it before a snapshot"},
    {kFails, [](D d, P, F) { return S_ISFIFO(d.type) && (flags_of(d.info) & O_DIRECT) != 0; }, "a pipe in packet mode (O_DIRECT) cannot be saved; use a seqpacket socket pair"},
    {kFails, [](D d, P, F) { return is_deleted_file(d) && d.links > 0; },
     "the file lost this name but has another, and would not come back; keep the name, or delete all of them"},
    {kFails, [](D d, P, F facts) { return is_deleted_file(d) && d.links == 0 && d.size > facts.ghost_limit; },
     "a deleted file of this size is not saved; keep its name while it is open, or make it smaller than the ghost limit (64 MiB)"},
    {kFails, [](D d, P, F facts) { return d.link.starts_with('/') && !is_kernel_memory(d) && !facts.mounts.contains(number(field(d.info, "mnt_id"))); },
     "the descriptor was opened outside of the container and leaked into it; close it before the application starts"},
    {kFails, [](D d, P, F facts) { return has_outside_peer(d, facts); },
     "a unix connection to a process outside of the saved tree cannot be saved; let the other end run in this container, or use TCP"},
    {kIsLost, [](D d, P, F facts) { return queued(facts.tcp, d, true) > 0; }, "connections are not yet accepted; a snapshot waits until the application has accepted them"},
    {kIsLost, [](D d, P, F) { return is_timer(d) && is_zero(field(d.info, "it_value")) && !is_zero(field(d.info, "it_interval")); },
     "a periodic timer whose tick is unread would stop for ever; read it promptly, or snapshot again"},
    {kIsLost, [](D d, P, F) { return field(d.info, "eventfd-semaphore") == "1"; }, "an eventfd would come back without its semaphore mode; do not use EFD_SEMAPHORE"},
    {kIsLost, [](D d, P, F) { return d.link == "anon_inode:inotify" && d.unread > 0; }, "unread inotify events would be lost; let the application scan once after a rollback"},
    {kIsLost, [](D d, P, F facts) { return queued(facts.udp, d, false) > 0; }, "datagrams that are not yet read would be lost; the application must send again, as with UDP anyway"},
    {kIsLost, [](D d, P, F) { return !d.options.empty(); }, "these socket options would be back at their defaults; set them again after a rollback (hook afterRollback), or do without"},
});

}  // namespace

std::span<const DescriptorRule> descriptor_rules() { return kDescriptorRules; }

}  // namespace cutline::preflight
