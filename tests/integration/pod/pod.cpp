#include "tests/integration/pod/pod.hpp"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/fd.hpp"
#include "tests/integration/pod/control_groups.hpp"
#include "tests/integration/pod/enter.hpp"

namespace cutline::test {
namespace {

Pod current;  // set once, before any test runs

Status loopback_up() {
  const Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return fail_errno(errno, "set lo up");
  return {};
}

}  // namespace

const Pod& pod() { return current; }
std::string criu_cache() { return current.folder + "/cache"; }
std::string criu_bundle() { return CUTLINE_TEST_CRIU; }
std::string workload_program() { return CUTLINE_TEST_WORKLOAD; }

Pod name_pod(pid_t owner) {
  const auto folder = fmt::format("/tmp/cutline-pod-{}", owner);
  return {folder, folder + "/shared", fmt::format("cutline-pod-{}", owner)};
}

Status enter_pod(const Pod& pod) {
  // Only here: outside, /proc must outlive the pod, and nothing of it may be mounted when its folder is removed.
  if (::unshare(CLONE_NEWNS) != 0) return fail_errno(errno, "unshare mounts");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return fail_errno(errno, "make mounts private");
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return fail_errno(errno, "mount /proc");
  if (auto up = loopback_up(); !up) return up;
  std::error_code error;
  std::filesystem::create_directories(pod.shared, error);
  if (error) return fail(Code::Internal, "create {}: {}", pod.shared, error.message());
  std::filesystem::copy_file(CUTLINE_TEST_LAUNCHER, pod.shared + "/launcher",
                             std::filesystem::copy_options::overwrite_existing, error);
  if (error) return fail(Code::Internal, "copy the launcher: {}", error.message());
  std::filesystem::permissions(pod.folder, std::filesystem::perms{0755}, error);
  current = pod;
  std::filesystem::create_directories(criu_cache(), error);
  if (::mount("tmpfs", criu_cache().c_str(), "tmpfs", 0, "mode=700") != 0) return fail_errno(errno, "mount a tmpfs");
  return {};
}

void remove_pod(const Pod& pod) {
  remove_groups(pod.cgroups);
  if (std::getenv("CUTLINE_KEEP_POD") != nullptr) return;  // to look into it
  std::error_code error;
  std::filesystem::remove_all(pod.folder, error);
}

}  // namespace cutline::test
