#include "sidecar/cgroup/tasks.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace cutline::cgroup {
namespace {

// Numbers parted by spaces or newlines.
void add_numbers(const std::string& text, std::vector<pid_t>& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  pid_t number = 0;
  while (at != end) {
    const auto parsed = std::from_chars(at, end, number);
    if (parsed.ec == std::errc{}) out.push_back(number);
    at = parsed.ec == std::errc{} ? parsed.ptr : at + 1;
  }
}

bool gone(pid_t pid) {
  siginfo_t info{};
  (void)::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
  return ::kill(pid, 0) != 0;
}

std::string describe(pid_t pid) {
  auto status = read_file(fmt::format("/proc/{}/status", pid));
  return status ? status->substr(0, status->find("Umask")) : std::string{};
}

}  // namespace

Result<Stat> stat_of(pid_t pid) {
  const auto path = fmt::format("/proc/{}/stat", pid);
  auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  const auto name_end = text->rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text->size())
    return fail(Code::Internal, "cannot read {}", path);
  return Stat{text->substr(0, name_end + 1), text->substr(name_end + 2)};
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> out;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    const auto text = read_file(task.path() / "children");
    if (text) add_numbers(*text, out);
  }
  return out;
}

Result<std::vector<pid_t>> numbers(int folder, const std::string& file) {
  auto fd = open_at(folder, file, O_RDONLY);
  if (!fd) return tl::unexpected(fd.error());
  const auto text = read_all(fd->get(), 16U << 20U);
  if (!text) return forward(text, file);
  std::vector<pid_t> out;
  add_numbers(*text, out);
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Status wait_gone(const std::vector<pid_t>& pids, Deadline deadline) {
  auto left = pids;
  for (;;) {
    std::erase_if(left, gone);
    if (left.empty()) return {};
    if (deadline.passed())
      return fail(Code::Timeout, "process {} does not end: {}", left.front(), describe(left.front()));
    (void)::poll(nullptr, 0, 1);  // nothing tells when somebody else reaps
  }
}

}  // namespace cutline::cgroup
