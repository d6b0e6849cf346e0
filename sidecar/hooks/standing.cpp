#include "sidecar/hooks/standing.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/fd.hpp"

namespace cutline::hooks {
namespace {

constexpr std::string_view kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kEnvironmentLimit = 4U << 20U;

// The words after "Name:", of the line that begins so.
std::optional<std::vector<std::string>> words_of(std::string_view status, std::string_view name) {
  std::istringstream lines{std::string{status}};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    std::istringstream rest{line.substr(name.size() + 1)};
    std::vector<std::string> out;
    for (std::string word; rest >> word;) out.push_back(word);
    return out;
  }
  return std::nullopt;
}

bool executable(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<Identity> identity_from(std::string_view status) {
  const auto uid = words_of(status, "Uid"), gid = words_of(status, "Gid"), groups = words_of(status, "Groups");
  const auto bounding = words_of(status, "CapBnd"), inheritable = words_of(status, "CapInh"),
             ambient = words_of(status, "CapAmb");
  const auto sealed = words_of(status, "NoNewPrivs");
  constexpr std::size_t kEffective = 1;  // real, effective, saved, of the file system
  for (const auto* one : {&bounding, &inheritable, &ambient, &sealed})
    if (!*one || (*one)->empty()) return fail(Code::Internal, "a process's status in /proc is not as it should be");
  if (!uid || !gid || !groups || uid->size() <= kEffective || gid->size() <= kEffective)
    return fail(Code::Internal, "a process's status in /proc is not as it should be");
  const auto number = [](const std::string& word) {
    return static_cast<unsigned>(std::strtoul(word.c_str(), nullptr, 10));
  };
  const auto rights = [](const auto& words) {
    return static_cast<std::uint64_t>(std::strtoull(words->front().c_str(), nullptr, 16));
  };
  Identity out{number((*uid)[kEffective]), number((*gid)[kEffective]), {},
               rights(bounding),           rights(inheritable),        rights(ambient),
               sealed->front() == "1"};
  for (const auto& group : *groups) out.groups.push_back(number(group));
  return out;
}

Result<Standing> standing_of(pid_t pid) {
  const auto status = read_file(fmt::format("/proc/{}/status", pid), 64U << 10U);
  if (!status) return tl::unexpected(status.error());
  auto identity = identity_from(*status);
  if (!identity) return tl::unexpected(identity.error());
  const auto environment = read_file(fmt::format("/proc/{}/environ", pid), kEnvironmentLimit);
  if (!environment) return tl::unexpected(environment.error());
  Standing out{*std::move(identity), {}};
  std::istringstream variables{*environment};
  for (std::string variable; std::getline(variables, variable, '\0');)
    if (!variable.empty()) out.environment.push_back(variable);
  return out;
}

std::string find_program(const std::string& name, const std::vector<std::string>& environment) {
  if (name.contains('/')) return name;
  std::string_view path = kUsualPath;
  for (const auto& variable : environment)
    if (variable.starts_with("PATH=")) path = std::string_view{variable}.substr(5);
  std::istringstream folders{std::string{path}};
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto candidate = (folder.empty() ? "." : folder) + '/' + name;
    if (executable(candidate)) return candidate;
  }
  return {};
}

}  // namespace cutline::hooks
