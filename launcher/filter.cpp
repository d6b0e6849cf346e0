#include "launcher/filter.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

namespace cutline::launcher {
namespace {

constexpr unsigned mptcp = 262;
constexpr unsigned x32_bit = 0x40000000;
#if defined(__x86_64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
#error "the filter knows x86_64 and aarch64"
#endif
// The low half of the third argument: both architectures are little-endian.
constexpr unsigned protocol_at = offsetof(seccomp_data, args) + 2 * sizeof(__u64);

constexpr sock_filter load(unsigned offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
constexpr sock_filter unless_equal(unsigned value, unsigned char skip) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}
constexpr sock_filter answer(unsigned value) { return BPF_STMT(BPF_RET | BPF_K, value); }

}  // namespace

bool install_filter() {
  sock_filter program[] = {
      load(offsetof(seccomp_data, arch)),
      unless_equal(architecture, 8),  // a 32-bit program: as it is
      load(offsetof(seccomp_data, nr)),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~x32_bit),
      unless_equal(SYS_io_uring_setup, 1),
      answer(SECCOMP_RET_ERRNO | ENOSYS),
      unless_equal(SYS_socket, 3),
      load(protocol_at),
      unless_equal(mptcp, 1),
      answer(SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
      answer(SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0) return true;
  if (errno != EACCES || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

}  // namespace cutline::launcher
