// What the verbs ask of the API server. Every call has a deadline that covers all of it.
#pragma once

#include <atomic>

#include "cli/namespace.hpp"
#include "cli/plan.hpp"
#include "kube/client.hpp"

namespace cutline::cli {

struct Access {
  std::string kubeconfig, context;  // empty: as kubectl finds them
};

// Errors say what to do about them.
[[nodiscard]] Result<std::unique_ptr<kube::Client>> connect(const Access& access);

// Who may not list pods still sees the rest: pods are then known by what they have saved.
[[nodiscard]] Result<Namespace> look(kube::Client& client, const std::string& ns, Deadline deadline);
[[nodiscard]] Result<std::vector<std::string>> namespaces_with_policies(kube::Client& client, Deadline deadline);

// Makes a dry run, waits until the operator has answered, and removes it again, also when `interrupted` is set
// meanwhile. The answer may be that there is no line: see Failed. Timeout: no answer.
[[nodiscard]] Result<Rollback> ask(kube::Client& client, const std::string& ns, const Question& question,
                                   const std::atomic<bool>& interrupted, Deadline deadline);

}  // namespace cutline::cli
