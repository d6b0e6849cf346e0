#include "sidecar/criu/inside.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace cutline::criu {
namespace {

// Whether the calling thread's IPC namespace has any System V object. `proc` is a /proc of ours, not the container's.
bool has_system_v(int proc) {
  for (const auto* kind : {"shm", "sem", "msg"}) {
    const auto file = open_at(proc, fmt::format("sysvipc/{}", kind), O_RDONLY);
    if (!file) continue;
    const auto text = read_all(file->get(), 16U << 20U);
    if (!text || text->find('\n') != text->rfind('\n')) return true;  // more than the headline
  }
  return false;
}

}  // namespace

Result<Namespaces> Namespaces::of(pid_t pid) {
  Namespaces out;
  const std::string proc = fmt::format("/proc/{}", pid);
  const std::pair<const char*, int> kinds[] = {{"ipc", CLONE_NEWIPC},
                                               {"uts", CLONE_NEWUTS},
                                               {"net", CLONE_NEWNET},
                                               {"cgroup", CLONE_NEWCGROUP},
                                               {"mnt", CLONE_NEWNS}};
  for (const auto& [name, type] : kinds) {
    auto fd = open_file(fmt::format("{}/ns/{}", proc, name), O_RDONLY);
    if (!fd) return tl::unexpected(fd.error());
    out.spaces_.push_back({name, type, std::move(*fd)});
  }
  auto root = open_file(proc + "/root", O_PATH | O_DIRECTORY);
  if (!root) return tl::unexpected(root.error());
  auto cwd = open_file(proc + "/cwd", O_PATH | O_DIRECTORY);
  if (!cwd) return tl::unexpected(cwd.error());
  out.root_ = std::move(*root);
  out.cwd_ = std::move(*cwd);
  return out;
}

Status Namespaces::enter(bool own_ipc) const {
  auto proc = open_file("/proc", O_RDONLY | O_DIRECTORY);
  if (!proc) return tl::unexpected(proc.error());
  if (::unshare(CLONE_FS) != 0) return fail_errno(errno, "unshare root and working directory");
  for (const auto& space : spaces_) {
    if (::setns(space.fd.get(), space.type) != 0)
      return fail_errno(errno, fmt::format("enter the {} namespace", space.name));
    if (space.type == CLONE_NEWIPC && own_ipc && has_system_v(proc->get()) && ::unshare(CLONE_NEWIPC) != 0) {
      return fail_errno(errno, "unshare the IPC namespace");
    }
  }
  if (::fchdir(root_.get()) != 0 || ::chroot(".") != 0) return fail_errno(errno, "enter the container's root");
  if (::fchdir(cwd_.get()) != 0) return fail_errno(errno, "enter the working directory");
  return {};
}

Status Namespaces::run(bool own_ipc, const std::function<void()>& work) const {
  Status entered;
  std::jthread([&] {
    entered = enter(own_ipc);
    if (entered) work();
  }).join();
  return entered;
}

Result<bool> Namespaces::system_v() const {
  auto proc = open_file("/proc", O_RDONLY | O_DIRECTORY);
  if (!proc) return tl::unexpected(proc.error());
  Result<bool> out = false;
  std::jthread([&] {
    const auto& ipc = spaces_.front();
    if (::setns(ipc.fd.get(), ipc.type) != 0)
      out = fail_errno(errno, "enter the ipc namespace");
    else
      out = has_system_v(proc->get());
  }).join();
  return out;
}

}  // namespace cutline::criu
