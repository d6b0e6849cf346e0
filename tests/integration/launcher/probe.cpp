// An application to be started by the launcher: `probe refused` prints what the kernel answers to io_uring and MPTCP;
// `probe daemon FILE` leaves a daemon behind (forked twice, in a session of its own) whose pid it writes to FILE, and
// waits.
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

namespace {

int error_of(long result) { return result < 0 ? errno : 0; }

int refused() {
  io_uring_params parameters{};
  const int ring = error_of(::syscall(SYS_io_uring_setup, 1, &parameters));
  const int mptcp = error_of(::socket(AF_INET, SOCK_STREAM, 262));
  const int tcp = error_of(::socket(AF_INET, SOCK_STREAM, 0));
  const bool as_expected = ring == ENOSYS && mptcp == EPROTONOSUPPORT && tcp == 0;
  fmt::print("io_uring={} mptcp={} tcp={}\n", ring, mptcp, tcp);
  return as_expected ? 0 : 1;
}

int leave_a_daemon(const char* file) {
  if (::fork() == 0) {
    (void)::setsid();
    if (::fork() != 0) ::_exit(0);
    std::ofstream{file} << ::getpid() << std::endl;
    (void)::pause();
    ::_exit(0);
  }
  (void)::pause();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "refused") return refused();
  if (what == "daemon" && argc > 2) return leave_a_daemon(argv[2]);
  return 64;
}
