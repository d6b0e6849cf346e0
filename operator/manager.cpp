#include "operator/manager.hpp"

#include "base/log.hpp"
#include "operator/api/resources.hpp"
#include "operator/policy/reconcile.hpp"
#include "operator/recovery/reconcile.hpp"
#include "operator/repository/reconcile.hpp"
#include "operator/rollback/reconcile.hpp"
#include "operator/snapshot/reconcile.hpp"

namespace cutline::op {
namespace {

constexpr int kWorkers = 6;  // a round occupies one for its whole length

const kube::Resource& resource(Kind kind) {
  switch (kind) {
    case Kind::Policy:
    case Kind::Recovery: return kPolicies;
    case Kind::Snapshot: return kSnapshots;
    case Kind::Rollback: return kRollbacks;
    case Kind::Repository: return kRepositories;
  }
  return kPolicies;
}

}  // namespace

const char* name(Kind kind) {
  switch (kind) {
    case Kind::Policy: return "SnapshotPolicy";
    case Kind::Recovery: return "Recovery";
    case Kind::Snapshot: return "DistributedSnapshot";
    case Kind::Rollback: return "Rollback";
    case Kind::Repository: return "SnapshotRepository";
  }
  return "";
}

Manager::Manager(Parts parts) : parts_(parts) {
  for (const auto kind : {Kind::Policy, Kind::Snapshot, Kind::Rollback, Kind::Repository})
    informers_.push_back(std::make_unique<kube::Informer>(parts_.client, resource(kind), kube::InformerOptions{},
                                                          [this, kind](const kube::Key& key) {
                                                            queue_.add({kind, key});
                                                            if (kind == Kind::Policy) queue_.add({Kind::Recovery, key});
                                                          }));
  for (int i = 0; i < kWorkers; ++i)
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

void Manager::work(const std::stop_token& stop) {
  Context context{parts_.client, parts_.events, parts_.lease, parts_.fleet, parts_.metrics, stop};
  while (auto item = queue_.get(stop)) {
    const auto outcome = reconcile(context, *item);
    parts_.metrics.reconciled(name(item->kind), outcome.has_value());
    if (outcome) {
      queue_.forget(*item);
      if (outcome->again) queue_.add_after(*item, *outcome->again);
    } else {
      const auto wait = queue_.retry(*item);
      log::warn("reconcile failed", {{"kind", name(item->kind)}, {"object", kube::to_string(item->key)},
                                     {"error", outcome.error()}, {"again_ms", wait.count()}});
    }
    queue_.done(*item);
  }
}

Result<Outcome> Manager::reconcile(Context& context, const Work& work) {
  switch (work.kind) {
    case Kind::Policy: return policy::reconcile(context, work.key);
    case Kind::Recovery: return recovery::reconcile(context, work.key);
    case Kind::Snapshot: return snapshot::reconcile(context, work.key);
    case Kind::Rollback: return rollback::reconcile(context, work.key);
    case Kind::Repository: return repository::reconcile(context, work.key);
  }
  return Outcome{};
}

}  // namespace cutline::op
