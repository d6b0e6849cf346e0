// The seccomp filter that makes unmodified programs saveable: what CRIU cannot save is refused in a way that they know
// how to live without. io_uring_setup: ENOSYS. A socket of MPTCP: EPROTONOSUPPORT. All else passes.
#pragma once

namespace cutline::launcher {

// For this process and all that it starts. Without no_new_privs where the process may (CAP_SYS_ADMIN), with it
// otherwise: then setuid programs gain nothing. False with errno set if the kernel refuses.
[[nodiscard]] bool install_filter();

}  // namespace cutline::launcher
