// The tables: one line a kind of object, with what the user can do about it. Pure.
#pragma once

#include <span>

#include "protocol/messages.hpp"
#include "sidecar/preflight/facts.hpp"

namespace cutline::preflight {

inline constexpr bool kFails = true;    // the dump or the restore would
inline constexpr bool kIsLost = false;  // both succeed, and something is not as it was

struct DescriptorRule {
  bool fatal;
  bool (*applies)(const Descriptor&, const Process&, const Facts&);
  const char* remedy;
};

struct MappingRule {
  bool fatal;
  bool (*applies)(const Mapping&);
  const char* remedy;
};

struct ProcessRule {
  bool fatal;
  // What of the process it is; empty: does not apply.
  std::string (*object)(const Process&, const Facts&);
  const char* remedy;
};

struct ContainerRule {
  bool fatal;
  // Process and object of each.
  std::vector<std::pair<std::string, std::string>> (*objects)(const Facts&);
  const char* remedy;
};

[[nodiscard]] std::span<const DescriptorRule> descriptor_rules();
[[nodiscard]] std::span<const MappingRule> mapping_rules();
[[nodiscard]] std::span<const ProcessRule> process_rules();
[[nodiscard]] std::span<const ContainerRule> container_rules();

// "1002 (redis-server)"
[[nodiscard]] std::string label(const Process& process);

// At most a handful of findings of each rule, the last says how many more there are. Of the descriptor rules the first
// that applies.
[[nodiscard]] std::vector<protocol::Finding> classify(const Facts& facts);

}  // namespace cutline::preflight
