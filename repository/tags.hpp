// How snapshots are found again in a repository that others may share: restic's tags.
#pragma once

#include "base/ids.hpp"
#include "repository/restic.hpp"

namespace cutline::repository {

inline constexpr const char* kOurs = "cutline";

// One pod's checkpoint. A pod's UID is never used again, in no cluster.
[[nodiscard]] inline Tags checkpoint_tags(const std::string& ns, const PodUid& uid, Epoch epoch) {
  return {kOurs, "checkpoint", "namespace=" + ns, "uid=" + uid.value, fmt::format("epoch={}", value(epoch))};
}
[[nodiscard]] inline std::string digest_tag(const std::string& digest) { return "digest=" + digest; }

// The signed manifest of a distributed snapshot; `uid` of its object.
[[nodiscard]] inline Tags manifest_tags(const std::string& ns, const std::string& snapshot, const std::string& uid) {
  return {kOurs, "manifest", "namespace=" + ns, "snapshot=" + snapshot, "uid=" + uid};
}

}  // namespace cutline::repository
