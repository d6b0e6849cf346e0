#include "tests/integration/pod/rootfs.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace cutline::test {
namespace {

namespace fs = std::filesystem;

Status bind(const std::string& root, const Bind& what) {
  const std::string target = root + what.to;
  std::error_code error;
  if (fs::is_directory(what.from, error)) {
    fs::create_directories(target, error);
  } else {
    fs::create_directories(fs::path{target}.parent_path(), error);
    std::ofstream{target};
  }
  if (::mount(what.from.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return fail_errno(errno, fmt::format("bind {} to {}", what.from, what.to));
  }
  return {};
}

Status pivot(const std::string& root) {
  if (::chdir(root.c_str()) != 0) return fail_errno(errno, "chdir " + root);
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno(errno, "pivot_root");
  if (::umount2(".", MNT_DETACH) != 0) return fail_errno(errno, "leave the old root");
  if (::chdir("/") != 0) return fail_errno(errno, "chdir /");
  return {};
}

}  // namespace

Status enter_rootfs(const std::string& folder, const std::vector<Bind>& binds) {
  if (::unshare(CLONE_NEWNS | CLONE_NEWCGROUP) != 0) return fail_errno(errno, "unshare");
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "mode=755") != 0) return fail_errno(errno, "mount the root");
  for (const auto* name : {"/proc", "/tmp", "/run", "/dev"}) (void)::mkdir((folder + name).c_str(), 0755);
  (void)::chmod((folder + "/tmp").c_str(), 01777);
  if (::mount("proc", (folder + "/proc").c_str(), "proc", 0, nullptr) != 0) return fail_errno(errno, "mount /proc");
  auto all = binds;
  for (const auto* device : {"/dev/null", "/dev/zero", "/dev/urandom"}) all.push_back({device, device});
  for (const auto& each : all) {
    if (auto bound = bind(folder, each); !bound) return bound;
  }
  return pivot(folder);
}

}  // namespace cutline::test
