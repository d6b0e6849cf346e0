#include "e2e/workloads/ledger/kill.hpp"

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <filesystem>

namespace cutline::ledger {

Result<int> kill_others() {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto mine = fs::read_symlink("/proc/self/exe", error);
  int killed = 0;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const auto name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc{} || *end != '\0' || pid == ::getpid()) continue;
    if (fs::read_symlink(entry.path() / "exe", error) == mine && ::kill(pid, SIGKILL) == 0) ++killed;
  }
  if (killed == 0) return fail(Code::NotFound, "no other ledger runs here");
  return killed;
}

}  // namespace cutline::ledger
