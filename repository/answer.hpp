// What restic says, understood. Pure.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "repository/restic.hpp"

namespace cutline::repository {

// The last thing that a complaint on standard error tells, in words that help; nothing: it complains of nothing known.
[[nodiscard]] std::optional<Error> understand(std::string_view complaint);
// Locks are listed, then read; in between another program may have ended, and taken its own away.
[[nodiscard]] bool tells_of_a_lock_that_went(std::string_view complaint);
// A program that has failed: what it complained of, or its last line.
[[nodiscard]] Error why_failed(const Ended& exit);

// Lines of `backup --json`, whole ones only: the last status in them.
struct Going {
  Bytes done{};
  Bytes total{};
};
[[nodiscard]] std::optional<Going> last_status(std::string_view lines);
[[nodiscard]] Result<Kept> summary(std::string_view lines);
[[nodiscard]] Result<std::vector<Found>> snapshots(std::string_view json);
[[nodiscard]] Result<Size> raw_size(std::string_view json);
[[nodiscard]] Result<std::string> repository_id(std::string_view config);

}  // namespace cutline::repository
