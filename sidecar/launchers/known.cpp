#include "sidecar/launchers/known.hpp"

#include <sys/wait.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "sidecar/cgroup/tasks.hpp"

namespace cutline::sidecar {
namespace {

constexpr int kStartField = 22 - 3;  // counted from what follows the name

}  // namespace

std::string identity_of(pid_t pid) {
  const auto boot = read_file("/proc/sys/kernel/random/boot_id");
  const auto stat = cgroup::stat_of(pid);
  if (!boot || !stat) return {};
  const auto& fields = stat->fields;
  std::size_t at = 0;
  for (int field = 0; field < kStartField; ++field) at = fields.find(' ', at) + 1;
  return fmt::format("{}/{}/{}", boot->substr(0, boot->find('\n')), pid, fields.substr(at, fields.find(' ', at) - at));
}

std::string to_json(const Known& known) {
  return nlohmann::json{{"graceMillis", known.grace.count()}, {"launchers", known.launchers}}.dump(2) + "\n";
}

Result<Known> known_from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    return Known{Millis{json.at("graceMillis").get<Millis::rep>()},
                 json.at("launchers").get<std::map<std::string, std::string>>()};
  } catch (const nlohmann::json::exception& error) {
    return fail(Code::Corrupt, "launchers: {}", error.what());
  }
}

std::string describe_end(int status) {
  if (WIFEXITED(status)) return fmt::format("exited with status {}", WEXITSTATUS(status));
  return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
}

}  // namespace cutline::sidecar
