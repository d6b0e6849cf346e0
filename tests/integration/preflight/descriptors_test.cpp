// Descriptors that make the dump or the restore fail, each made for real.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/vm_sockets.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "tests/integration/preflight/child.hpp"

namespace cutline::preflight {
namespace {

struct Case {
  const char* name;
  int (*make)();
  const char* object;
  const char* remedy;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

int io_uring() {
  std::array<char, 120> parameters{};
  return made(::syscall(SYS_io_uring_setup, 4, parameters.data()));
}

int perf_counter() {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_CPU_CLOCK;
  return made(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

int bpf_map() {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return made(::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

int ebpf_filter() {
  const std::array<bpf_insn, 2> program = {
      {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attributes.insn_cnt = program.size();
  attributes.insns = reinterpret_cast<std::uint64_t>(program.data());
  attributes.license = reinterpret_cast<std::uint64_t>("GPL");
  const int fd = static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
  if (fd < 0) return errno;
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int error = made(::setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof fd));
  ::close(fd);
  return error;
}

int landlock() {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE;
  return made(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
}

int seccomp_supervisor() {
  std::array<sock_filter, 1> allow = {{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}}};
  sock_fprog program{allow.size(), allow.data()};
  return made(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

int device(const char* name, unsigned number) {
  if (::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0) return errno;
  ::mkdir("/mnt/net", 0755);
  if (::mknod(name, S_IFCHR | 0600, makedev(10, number)) != 0) return errno;
  return made(::open(name, O_RDWR));
}

int message_queue() {
  const auto name = "/cutline-preflight-" + std::to_string(::getpid());
  const int error = made(::mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600, nullptr));
  ::mq_unlink(name.c_str());
  return error;
}

int outside_pidfd() { return made(::syscall(SYS_pidfd_open, ::getppid(), 0)); }

int thread_pidfd() {
  static std::atomic<int> tid = 0;
  std::thread{[] {
    tid = ::gettid();
    for (;;) ::pause();
  }}.detach();
  while (tid == 0) std::this_thread::yield();
  return made(::syscall(SYS_pidfd_open, tid.load(), O_EXCL));
}

int packet_pipe() {
  int ends[2];
  return made(::pipe2(ends, O_DIRECT));
}

int other_name_left() {
  if (::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0) return errno;
  const int fd = ::open("/mnt/a", O_CREAT | O_RDWR, 0600);
  ::link("/mnt/a", "/mnt/b");
  ::unlink("/mnt/a");
  return made(fd);
}

int large_deleted() {
  if (::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0) return errno;
  const int fd = ::open("/mnt/a", O_CREAT | O_RDWR, 0600);
  ::unlink("/mnt/a");
  return made(::ftruncate(fd, (64 << 20) + 1));
}

int leaked() {
  const int fd = ::open("/etc/hostname", O_RDONLY);
  if (fd < 0 || ::unshare(CLONE_NEWNS) != 0) return errno;
  return 0;
}

int outside_unix_peer() {
  // The other end is kept by a process that was moved out of the tree: its parent has ended.
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
  if (const pid_t middle = ::fork(); middle == 0) {
    if (::fork() == 0) {
      ::prctl(PR_SET_PDEATHSIG, 0);
      ::close(ends[0]), ::close(100);
      char byte = 0;
      (void)!::read(ends[1], &byte, 1);  // until the process under test has gone
      ::_exit(0);
    }
    ::_exit(0);
  } else if (::waitpid(middle, nullptr, 0) != middle) {
    return errno;
  }
  ::close(ends[1]);
  return 0;
}

const Case kCases[] = {
    {"io_uring", io_uring, "anon_inode:[io_uring]", "io_uring cannot be saved"},
    {"userfaultfd", [] { return made(::syscall(SYS_userfaultfd, 0)); }, "[userfaultfd]",
     "a userfaultfd cannot be saved"},
    {"perf", perf_counter, "[perf_event]", "perf counters"},
    {"bpf_map", bpf_map, "anon_inode:bpf-map", "eBPF maps"},
    {"ebpf_filter", ebpf_filter, "eBPF filter", "detach it"},
    {"fscontext", [] { return made(::syscall(SYS_fsopen, "tmpfs", 0)); }, "[fscontext]",
     "file system that is being set up"},
    {"landlock", landlock, "landlock", "close it after landlock_restrict_self"},
    {"seccomp", seccomp_supervisor, "seccomp notify", "seccomp supervisor"},
    {"fuse", [] { return device("/mnt/fuse", 229); }, "/mnt/fuse", "FUSE server"},
    {"tun", [] { return device("/mnt/net/tun", 200); }, "/mnt/net/tun", "tunnel"},
    {"vsock", [] { return made(::socket(AF_VSOCK, SOCK_STREAM, 0)); }, "AF_VSOCK", "use TCP or a unix socket"},
    {"mptcp", [] { return made(::socket(AF_INET, SOCK_STREAM, 262)); }, "MPTCP", "GODEBUG=multipathtcp=0"},
    {"mqueue", message_queue, "fd ", "POSIX message queues"},
    {"memfd_secret", [] { return made(::syscall(SYS_memfd_secret, 0)); }, "/secretmem", "memfd_create and mlock"},
    {"alarm_timer", [] { return made(::timerfd_create(CLOCK_BOOTTIME_ALARM, 0)); }, "[timerfd]",
     "CLOCK_REALTIME or CLOCK_BOOTTIME"},
    {"outside_pidfd", outside_pidfd, "pidfd", "outside of the saved tree"},
    {"thread_pidfd", thread_pidfd, "pidfd", "use one of the process"},
    {"packet_pipe", packet_pipe, "pipe:[", "seqpacket socket pair"},
    {"other_name_left", other_name_left, "/mnt/a (deleted)", "keep the name, or delete all of them"},
    {"large_deleted", large_deleted, "/mnt/a (deleted)", "ghost limit"},
    {"leaked", leaked, "/etc/hostname", "leaked into it"},
    {"outside_unix_peer", outside_unix_peer, "UNIX-STREAM", "let the other end run in this container"},
};

class FatalDescriptor : public testing::TestWithParam<Case> {};

TEST_P(FatalDescriptor, IsToldWithItsRemedy) {
  const Child child{GetParam().make};
  expect_finding(child.inspect(), true, GetParam().object, GetParam().remedy);
}

INSTANTIATE_TEST_SUITE_P(Each, FatalDescriptor, testing::ValuesIn(kCases),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace cutline::preflight
