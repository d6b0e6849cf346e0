// `kubectl cutline plan`: a rollback's plan in columns and plain sentences; and the dry run that is asked for. Pure.
#pragma once

#include <string>

#include "cli/namespace.hpp"

namespace cutline::cli {

// Invalid: it has no plan; the message has the operator's reason.
[[nodiscard]] Result<std::string> plan(const Namespace& ns, const Rollback& rollback, std::size_t width);

struct Question {
  std::string policy, snapshot, before;  // the last two: at most one; neither: to the recovery line
  std::vector<std::string> pods;         // those that failed
};
// Invalid: `before` is no time.
[[nodiscard]] Result<Json> dry_run(const std::string& ns, const std::string& name, const Question& question);

}  // namespace cutline::cli
