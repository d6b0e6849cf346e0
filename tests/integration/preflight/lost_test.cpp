// What would be lost in silence, each made for real; and what is saved well, of which nothing must be said.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/aio_abi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "sidecar/preflight/preflight.hpp"
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

sockaddr_in loopback(int bound = -1) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bound >= 0) (void)::getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size);
  return address;
}

int bound_socket(int type) {
  const int fd = ::socket(AF_INET, type, 0);
  const auto address = loopback();
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

int unaccepted() {
  const int server = bound_socket(SOCK_STREAM);
  if (server < 0 || ::listen(server, 8) != 0) return errno;
  const auto address = loopback(server);
  return made(
      ::connect(::socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

int unread_datagram() {
  const int server = bound_socket(SOCK_DGRAM);
  const auto address = loopback(server);
  return made(::sendto(server, "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

int unread_tick() {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, 0);
  const itimerspec every{{0, 1'000'000}, {0, 1'000'000}};
  return made(::timerfd_settime(fd, 0, &every, nullptr));
}

int unread_events() {
  if (::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0) return errno;
  const int fd = ::inotify_init1(0);
  if (::inotify_add_watch(fd, "/mnt", IN_CREATE) < 0) return errno;
  const int file = ::open("/mnt/x", O_CREAT | O_WRONLY, 0600);
  ::close(file);
  return made(file);
}

int aio() {
  aio_context_t context = 0;
  return made(::syscall(SYS_io_setup, 8, &context));
}

int system_v_segment() {
  const int id = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  if (id < 0 || ::shmat(id, nullptr, 0) == reinterpret_cast<void*>(-1)) return errno;
  return made(::shmctl(id, IPC_RMID, nullptr));
}

int multicast() {
  const int fd = bound_socket(SOCK_DGRAM);
  ip_mreq group{};
  group.imr_multiaddr.s_addr = ::inet_addr("239.1.2.3");
  group.imr_interface.s_addr = ::htonl(INADDR_LOOPBACK);
  return made(::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
}

int user_timeout() {
  const int fd = bound_socket(SOCK_STREAM);
  const int value = 30'000;
  return made(::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof value));
}

int other_cpus() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  if (::fork() == 0) {
    ::close(100);
    (void)::sched_setaffinity(0, sizeof one, &one);
    for (;;) ::pause();
  }
  return 0;
}

int protection_key() {
  const auto key = ::pkey_alloc(0, 0);
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return made(::pkey_mprotect(at, 4096, PROT_READ | PROT_WRITE, key));
}

int sealed_memory() {
  constexpr long kMseal = 462;
  void* at = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return made(::syscall(kMseal, at, 4096, 0));
}

int thread_that(int flags) {
  static std::atomic<int> result = -1;
  std::thread{[flags] {
    result = ::unshare(flags) == 0 && ((flags & CLONE_FS) == 0 || ::chdir("/mnt") == 0) ? 0 : errno;
    for (;;) ::pause();
  }}.detach();
  while (result < 0) std::this_thread::yield();
  return result;
}

const Case kCases[] = {
    {"unaccepted", unaccepted, "TCP", "not yet accepted"},
    {"unread_datagram", unread_datagram, "UDP", "datagrams"},
    {"unread_tick", unread_tick, "[timerfd]", "stop for ever"},
    {"semaphore", [] { return made(::eventfd(1, EFD_SEMAPHORE)); }, "[eventfd]", "EFD_SEMAPHORE"},
    {"unread_events", unread_events, "inotify", "scan once"},
    {"aio", aio, "[aio]", "asynchronous I/O"},
    {"system_v_segment", system_v_segment, "/SYSV", "do not share it"},
    {"multicast", multicast, "239.1.2.3 on lo", "join again"},
    {"user_timeout", user_timeout, "TCP_USER_TIMEOUT 30000", "socket options"},
    {"other_cpus", other_cpus, "bound to CPUs 0", "bind again"},
    {"io_priority", [] { return made(::syscall(SYS_ioprio_set, 1, 0, (3 << 13) | 0)); }, "I/O priority",
     "set it again"},
    {"sealed_memory", sealed_memory, "mapping", "mseal"},
    {"thread_folder", [] { return thread_that(CLONE_FS); }, "working folder /mnt", "*at calls"},
    {"thread_descriptors", [] { return thread_that(CLONE_FILES); }, "descriptor table", "do not unshare"},
};

class SilentLoss : public testing::TestWithParam<Case> {};

TEST_P(SilentLoss, IsToldWithItsRemedy) {
  const Child child{GetParam().make};
  expect_finding(child.inspect_until_found(), false, GetParam().object, GetParam().remedy);
}

INSTANTIATE_TEST_SUITE_P(Each, SilentLoss, testing::ValuesIn(kCases), [](const auto& each) { return each.param.name; });

TEST(SilentLossOfKeys, IsToldWhereTheProcessorHasThem) {
  if (::pkey_alloc(0, 0) < 0) {
    const Child child{[] { return 0; }};
    EXPECT_THAT(child.inspect(), testing::IsEmpty()) << "without protection keys there is nothing to tell";
    return;
  }
  const Child child{protection_key};
  expect_finding(child.inspect(), false, "mapping", "protection keys");
}

int ordinary_server() {
  if (::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0) return errno;
  int ends[2];
  sigset_t none;
  sigemptyset(&none);
  const int small = ::open("/mnt/small", O_CREAT | O_RDWR, 0600);
  ::unlink("/mnt/small");
  const int server = bound_socket(SOCK_STREAM);
  if (small < 0 || ::listen(server, 8) != 0 || ::pipe(ends) != 0 || ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    return errno;
  const auto address = loopback(server);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::accept(server, nullptr, nullptr) < 0)
    return errno;
  const int memory = ::memfd_create("m", 0);
  if (::ftruncate(memory, 4096) != 0) return errno;
  (void)::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  (void)::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (const int fd :
       {::epoll_create1(0), ::eventfd(0, 0), ::signalfd(-1, &none, 0), ::timerfd_create(CLOCK_MONOTONIC, 0),
        ::inotify_init1(0), ::open("/dev/urandom", O_RDONLY), ::open("/etc/hostname", O_RDONLY),
        ::open("/mnt/data", O_CREAT | O_RDWR, 0600), ::socket(AF_NETLINK, SOCK_RAW, 0), bound_socket(SOCK_DGRAM),
        ::open("/", O_PATH | O_DIRECTORY)}) {
    if (fd < 0) return errno;
  }
  return made(::fork() == 0 ? (::close(100), ::pause()) : 0);
}

TEST(Preflight, SaysNothingOfWhatIsSavedWell) {
  const Child child{ordinary_server};
  std::string all;
  for (const auto& f : child.inspect()) all += "\n  " + sentence(f);
  EXPECT_EQ(all, "");
}

}  // namespace
}  // namespace cutline::preflight
