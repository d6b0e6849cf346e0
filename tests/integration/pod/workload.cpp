// What runs in the containers of a pod in a box: /workload MODE [ARGUMENT]. Static. Every line is written whole, and at
// once.
//
//   count              "count N" for N = 0, 1, 2, ...
//   count-to-file      the same numbers appended to /data/count as well
//   memory MIB         the same, with that much memory touched
//   random MIB         idle after a few lines, with that much memory full of random numbers
//   threads N          each thread counts: "thread-I N"
//   children N         each child process counts: "child-I N"; the parent reaps
//   daemon             "count N", and a daemonized grandchild that says "daemon N", and leaves another, which says
//                      "next N", each time that /data/next appears
//   server PORT MS     "count N", and "accepted N" connections to the loopback's port, MS after each arrived; -1: never
//   exit-on-file       "count N" until /data/exit exists, then ends with the code that it holds
//   io_uring           holds a ring, and counts
//   shared-memory      "count N" kept in a System V segment
//   identity           "count N", and once a round "uid U", "caps HEX"
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr useconds_t kPace = 5000;

void say(const std::string& word, long number) {
  const auto line = word + " " + std::to_string(number) + "\n";
  (void)!::write(1, line.data(), line.size());
}

[[noreturn]] void count(const std::string& word) {
  for (long n = 0;; ++n) {
    say(word, n);
    ::usleep(kPace);
  }
}

[[noreturn]] void count_to_file() {
  const int file = ::open("/data/count", O_WRONLY | O_CREAT | O_APPEND, 0644);
  for (long n = 0;; ++n) {
    const auto line = std::to_string(n) + "\n";
    (void)!::write(file, line.data(), line.size());
    say("count", n);
    ::usleep(kPace);
  }
}

[[noreturn]] void memory(int mib) {
  std::vector<char> touched(static_cast<std::size_t>(mib) << 20U);
  for (std::size_t at = 0; at < touched.size(); at += 512) touched[at] = static_cast<char>(at * 2654435761U >> 13U);
  count("count");
}

// Idle, with memory that nothing compresses.
[[noreturn]] void random_memory(int mib) {
  std::vector<std::uint64_t> words(static_cast<std::size_t>(mib) << 17U);
  std::uint64_t x = 88172645463325252U;
  for (auto& word : words) {
    x ^= x << 13U;
    x ^= x >> 7U;
    word = x ^= x << 17U;
  }
  for (long n = 0; n < 8; ++n) say("count", n);
  for (;;) ::pause();
}

[[noreturn]] void threads(int number) {
  std::vector<std::jthread> all;
  for (int i = 1; i < number; ++i) all.emplace_back([i] { count("thread-" + std::to_string(i)); });
  count("thread-0");
}

[[noreturn]] void children(int number) {
  for (int i = 0; i < number; ++i) {
    if (::fork() == 0) count("child-" + std::to_string(i));
  }
  for (;;) (void)::waitpid(-1, nullptr, 0);
}

// Forked twice, in a session of its own, whose leader is gone.
template <class Life>
void leave_daemon(Life life) {
  if (::fork() == 0) {
    (void)::setsid();
    if (::fork() == 0) life();
    ::_exit(0);
  }
  (void)::wait(nullptr);
}

[[noreturn]] void with_daemon() {
  leave_daemon([] {
    for (long n = 0;; ++n) {
      say("daemon", n);
      ::usleep(kPace);
      if (::unlink("/data/next") == 0) leave_daemon([] { count("next"); });
    }
  });
  count("count");
}

[[noreturn]] void serve(int port, int delay) {
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(server, 16) != 0)
    ::_exit(4);
  std::atomic<long> accepted = 0;
  const std::jthread accepting{[&] {
    while (delay >= 0) {
      pollfd arrived{server, POLLIN, 0};
      if (::poll(&arrived, 1, -1) <= 0) continue;
      ::usleep(static_cast<useconds_t>(delay) * 1000);
      if (::accept(server, nullptr, nullptr) >= 0) ++accepted;
    }
  }};
  for (long n = 0;; ++n) {
    say("accepted", accepted);
    say("count", n);
    ::usleep(kPace);
  }
}

[[noreturn]] void exit_on_file() {
  for (long n = 0;; ++n) {
    say("count", n);
    ::usleep(kPace);
    char code[16] = {};
    const int file = ::open("/data/exit", O_RDONLY);
    if (file >= 0 && ::read(file, code, sizeof code - 1) > 0) ::_exit(std::atoi(code));
    if (file >= 0) ::close(file);
  }
}

[[noreturn]] void with_io_uring() {
  char parameters[120] = {};
  const long ring = ::syscall(SYS_io_uring_setup, 8, parameters);
  if (ring < 0) {
    say("no-ring", 1);
    ::_exit(3);
  }
  count("count");
}

[[noreturn]] void in_shared_memory() {
  const int segment = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  auto* const number = static_cast<volatile long*>(::shmat(segment, nullptr, 0));
  for (;;) {
    say("count", *number);
    *number = *number + 1;
    ::usleep(kPace);
  }
}

[[noreturn]] void identity() {
  for (long n = 0;; ++n) {
    say("count", n);
    char status[4096] = {};
    const int file = ::open("/proc/self/status", O_RDONLY);
    (void)!::read(file, status, sizeof status - 1);
    ::close(file);
    say("uid", static_cast<long>(::getuid()));
    if (const char* caps = std::strstr(status, "CapEff:")) say("caps", std::strtol(caps + 7, nullptr, 16));
    if (const char* seccomp = std::strstr(status, "Seccomp:")) say("seccomp", std::strtol(seccomp + 8, nullptr, 10));
    ::usleep(kPace);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "count";
  const int number = argc > 2 ? std::atoi(argv[2]) : 2;
  if (mode == "count") count("count");
  if (mode == "count-to-file") count_to_file();
  if (mode == "memory") memory(number);
  if (mode == "random") random_memory(number);
  if (mode == "threads") threads(number);
  if (mode == "children") children(number);
  if (mode == "daemon") with_daemon();
  if (mode == "server") serve(number, argc > 3 ? std::atoi(argv[3]) : 0);
  if (mode == "exit-on-file") exit_on_file();
  if (mode == "io_uring") with_io_uring();
  if (mode == "shared-memory") in_shared_memory();
  if (mode == "identity") identity();
  (void)std::fprintf(stderr, "workload: no mode %s\n", argc > 1 ? argv[1] : "");
  return 64;
}
