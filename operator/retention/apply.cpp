#include "operator/retention/apply.hpp"

#include "base/log.hpp"
#include "operator/api/resources.hpp"

namespace cutline::op::retention {
namespace {

constexpr std::size_t kAtOnce = 20;
constexpr Millis kDelete{5'000};

}  // namespace

std::size_t apply(Context& context, const Json& policy, const Plan& plan) {
  if (plan.dry_run) return 0;
  std::size_t gone = 0;
  for (const auto& [name, bytes, why] : plan.removals) {
    if (gone == kAtOnce) break;
    const auto removed = context.client.remove(kSnapshots, {kube::key_of(policy).ns, name}, Deadline::after(kDelete));
    if (!removed && removed.error().code != Code::NotFound) {
      log::warn("snapshot not deleted", {{"snapshot", name}, {"error", removed.error()}});
      break;
    }
    ++gone;
    context.metrics.retired(bytes);
    context.events.record(policy, kube::EventType::Normal, "Retired",
                          fmt::format("DistributedSnapshot {} ({} bytes): {}", name, bytes, why));
    log::info("snapshot retired", {{"snapshot", name}, {"bytes", bytes}, {"why", why}});
  }
  return gone;
}

void write_status(Json& policy, const Plan& plan) {
  if (!read_retention_spec(policy)) {
    policy["status"].erase("retention");
    return;
  }
  Json out = {{"kept", plan.kept}, {"keptBytes", plan.kept_bytes}};
  if (plan.dry_run) {
    std::uint64_t bytes = 0;
    out["wouldDelete"] = Json::array();
    for (const auto& removal : plan.removals) {
      out["wouldDelete"].push_back(removal.name);
      bytes += removal.bytes;
    }
    out["wouldFreeBytes"] = bytes;
  }
  policy["status"]["retention"] = std::move(out);
}

}  // namespace cutline::op::retention
