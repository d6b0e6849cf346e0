#include <sys/stat.h>

#include <array>

#include "sidecar/preflight/rules.hpp"

namespace cutline::preflight {
namespace {

using Objects = std::vector<std::pair<std::string, std::string>>;

Objects outside(const Facts& facts) {
  Objects out;
  for (const auto& process : facts.outside) out.emplace_back(label(process), "not below the application");
  return out;
}

// Which socket has joined is not visible; so it is told only if the tree has a UDP socket at all.
Objects multicast(const Facts& facts) {
  Objects out;
  for (const auto& process : facts.processes) {
    for (const auto& d : process.descriptors) {
      if (!S_ISSOCK(d.type) || !facts.udp.contains(d.inode)) continue;
      for (const auto& group : facts.multicast) out.emplace_back(label(process), "multicast group " + group);
      return out;
    }
  }
  return out;
}

constexpr std::array kContainerRules = std::to_array<ContainerRule>({
    {kIsLost, outside,
     "the process is not saved and not rolled back; start it from the application, or leave it alone if that is what "
     "you want (kubectl exec, a probe)"},
    {kIsLost, multicast, "multicast memberships would be lost; join again after a rollback (hook afterRollback)"},
});

}  // namespace

std::span<const ContainerRule> container_rules() { return kContainerRules; }

}  // namespace cutline::preflight
