#include "sidecar/criu/numbers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "base/fd.hpp"

namespace cutline::criu {
namespace {

constexpr auto kLast = "/proc/sys/kernel/ns_last_pid";

std::string line_of(const std::string& text) { return text.substr(0, text.find('\n')); }

// "nginx" of container's command line "nginx -g daemon off": the name alone says little when it is a shell.
std::string occupant(pid_t number) {
  const auto name = read_file(fmt::format("/proc/{}/comm", number));
  auto command = read_file(fmt::format("/proc/{}/cmdline", number));
  if (command) std::ranges::replace(*command, '\0', ' ');
  return fmt::format("{} ({})", name ? line_of(*name) : "?", command ? command->substr(0, 80) : "?");
}

}  // namespace

Status keep_above(pid_t highest) {
  const auto text = read_file(kLast);
  if (!text) return tl::unexpected(text.error());
  pid_t now = 0;
  (void)std::from_chars(text->data(), text->data() + text->size(), now);
  if (now >= highest) return {};
  return write_control(AT_FDCWD, kLast, std::to_string(highest));
}

Status all_free(const std::vector<pid_t>& numbers) {
  for (const auto number : numbers) {
    if (::access(fmt::format("/proc/{}", number).c_str(), F_OK) != 0) continue;
    return fail(Code::Conflict, "process number {} of the checkpoint is taken by {}; it must end before the restore",
                number, occupant(number));
  }
  return {};
}

}  // namespace cutline::criu
