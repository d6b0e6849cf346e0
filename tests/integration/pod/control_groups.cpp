#include "tests/integration/pod/control_groups.hpp"

#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fd.hpp"

namespace cutline::test {
namespace {

namespace fs = std::filesystem;

// Mount points of cgroup and cgroup2 file systems.
std::vector<std::string> hierarchies() {
  std::vector<std::string> out;
  std::ifstream mounts{"/proc/self/mounts"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words{line};
    std::string device, path, type;
    words >> device >> path >> type;
    if (type == "cgroup" || type == "cgroup2") out.push_back(path);
  }
  return out;
}

// A new cpuset has no processors and no memory, and takes no process in.
void inherit_cpuset(const fs::path& group) {
  for (const auto* file : {"cpuset.cpus", "cpuset.mems"}) {
    const auto value = read_file(group.parent_path() / file);
    if (value) (void)!write_control(AT_FDCWD, group / file, value->substr(0, value->find('\n')));
  }
}

void remove_tree(const fs::path& group) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(group, error)) {
    if (entry.is_directory(error)) remove_tree(entry.path());
  }
  fs::remove(group, error);
}

}  // namespace

Result<std::vector<std::string>> make_groups(const std::string& pod, const std::string& container) {
  std::vector<std::string> out;
  const auto all = hierarchies();
  if (all.empty()) return fail(Code::Unsupported, "no cgroup hierarchy is mounted below /sys/fs/cgroup");
  for (const auto& hierarchy : all) {
    const fs::path group = fs::path{hierarchy} / pod / container;
    std::error_code error;
    fs::create_directories(group, error);
    if (error) return fail(Code::Internal, "create {}: {}", group.string(), error.message());
    inherit_cpuset(group.parent_path());
    inherit_cpuset(group);
    out.push_back(group / "cgroup.procs");
  }
  return out;
}

void remove_groups(const std::string& pod) {
  for (const auto& hierarchy : hierarchies()) remove_tree(fs::path{hierarchy} / pod);
}

}  // namespace cutline::test
