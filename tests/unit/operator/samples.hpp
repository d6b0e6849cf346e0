// Objects as the API server shows them, small, for the tests of this folder.
#pragma once

#include <stdexcept>
#include <variant>

#include "operator/pods/membership.hpp"

namespace cutline::op::samples {

using kube::Json;

inline constexpr const char* kNow = "2026-01-02T03:04:05Z";
inline constexpr const char* kLater = "2026-01-02T03:04:06Z";

// A pod that takes part and can be saved: UID "<name>-uid", the given address.
[[nodiscard]] Json pod_object(const std::string& name, const std::string& address, const std::string& app = "ledger");
[[nodiscard]] Pod pod(const std::string& name, const std::string& address, const std::string& app = "ledger");
// ledger-0, 1, ... at 10.0.0.1, 2, ...
[[nodiscard]] std::vector<Pod> ledgers(int count);
[[nodiscard]] Members members(const std::vector<Pod>& pods);

// A DistributedSnapshot of the policy "ledger" with the finalizer, as it is before its round.
[[nodiscard]] Json snapshot(const std::string& name = "first");
// ... and after it: of `epoch`, committed, with members ledger-0 and ledger-1.
[[nodiscard]] Json committed(const std::string& name, std::uint64_t epoch);
// ... an incremental one with the member ledger-0; it left out ledger-1, whose last checkpoint was taken for "first",
// of epoch 7, when ledger-0 had the address 10.0.0.8.
[[nodiscard]] Json composed(const std::string& name, std::uint64_t epoch);
[[nodiscard]] Json policy();
[[nodiscard]] Json rollback(const Json& spec);

// The condition's field, or "" when the condition is not there.
[[nodiscard]] std::string condition(const Json& object, const std::string& type, const std::string& field);

// What plan() of the observation's own namespace decides, which must be a D.
template <class D, class Observed>
D decided(const Observed& observed) {
  auto decision = plan(observed);
  if (!std::holds_alternative<D>(decision))
    throw std::runtime_error(fmt::format("another decision: {}", decision.index()));
  return std::get<D>(std::move(decision));
}

}  // namespace cutline::op::samples
