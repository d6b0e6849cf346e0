// Small worlds for the tests of this folder: objects as the API server shows them, and diagrams.
#pragma once

#include "cli/diagram/model.hpp"
#include "cli/namespace.hpp"

namespace cutline::cli::samples {

[[nodiscard]] Time now();  // 2026-01-02T03:10:00Z
[[nodiscard]] Json condition(const std::string& type, bool status, const std::string& reason = "Reason",
                             const std::string& message = "a message",
                             const std::string& since = "2026-01-02T03:05:00Z");
[[nodiscard]] Json policy_object();  // "ledger": app=ledger, Ready
[[nodiscard]] Json snapshot_object(const std::string& name, std::uint64_t epoch,
                                   std::uint64_t checkpoint);                        // of three pods, committed
[[nodiscard]] Json pod_object(const std::string& name, const std::string& address);  // UID: NAME-uid
[[nodiscard]] Json connection(const std::string& local, const std::string& remote, std::uint64_t sent,
                              std::uint64_t received);
// `time`: of the day, "03:04:05".
[[nodiscard]] Json checkpoint_object(const std::string& pod, std::uint64_t index, const std::string& time,
                                     const std::vector<Json>& connections, const std::string& snapshot = "");
[[nodiscard]] Json rollback_object(const std::vector<Json>& plan);  // "undo", Planned, of policy ledger
[[nodiscard]] Json way(const std::string& pod, const Json& from, const Json& to, const std::string& because);

// Three pods with one coordinated snapshot, "first".
[[nodiscard]] Namespace coordinated();
// The textbook's figure: P1 and P2 with three checkpoints each, and messages that make them fall back one after the
// other; P2 fails.
[[nodiscard]] Namespace domino();
// Twelve pods, each with checkpoints of its own, of which each but w-6 sends to the next; w-3 fails, and w-4, w-5 and
// w-6 follow.
[[nodiscard]] Namespace twelve();

}  // namespace cutline::cli::samples
