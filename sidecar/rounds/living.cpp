#include "sidecar/rounds/living.hpp"

#include "sidecar/cgroup/tasks.hpp"

namespace cutline::sidecar {
namespace {

bool lives(pid_t pid) {
  const auto stat = cgroup::stat_of(pid);
  return stat && !stat->fields.starts_with('Z') && !stat->fields.starts_with('X');
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
