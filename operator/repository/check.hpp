// The periodic check of a SnapshotRepository: is all there that its snapshots refer to, and does a part of the data,
// another one each time, read as it was written? Its result is the condition Intact; of a repository that is not,
// nothing is believed until a later check says otherwise.
#pragma once

#include "operator/context.hpp"

namespace cutline::op::repository {

struct CheckSpec {
  std::chrono::seconds interval{24 * 3600};
  std::string read_data = "5%";  // as restic takes it; "0%": structure only
};
[[nodiscard]] CheckSpec read_check_spec(const kube::Json& repository);

// How long until the next check, by what the status says of the last one; zero: now. A damaged repository is looked at
// more often, so that one which was mended can be used again. Pure.
[[nodiscard]] Millis until_check(const kube::Json& repository, std::chrono::sys_seconds now);

// Blocks for as long as restic takes: on a worker of its own.
[[nodiscard]] Result<Outcome> check(Context& context, const kube::Key& key);

}  // namespace cutline::op::repository
