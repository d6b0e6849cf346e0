#include "sidecar/rounds/living.hpp"

#include "base/fd.hpp"
#include "sidecar/cgroup/tasks.hpp"

namespace cutline::sidecar {
namespace {

// "12 (name) Z 1 ...": the name may have spaces and brackets.
bool lives(pid_t pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  const auto name_ends = stat ? stat->rfind(')') : std::string::npos;
  return name_ends != std::string::npos && name_ends + 2 < stat->size() &&
         std::string_view{"ZX"}.find((*stat)[name_ends + 2]) == std::string_view::npos;
}

// A keeper's first child is the application, also after a restore; others are orphans that it has taken in.
bool application_lives(const Container& container) {
  const auto children = cgroup::children_of(container.keeper);
  return lives(container.keeper) && !children.empty() && lives(children.front());
}

}  // namespace

Status all_live(const std::vector<Container>& containers) {
  for (const auto& container : containers)
    if (!application_lives(container))
      return fail(Code::Unavailable, "container {}: its application was ended while it was being saved",
                  container.name);
  return {};
}

}  // namespace cutline::sidecar
