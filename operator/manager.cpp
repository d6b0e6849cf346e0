#include "operator/manager.hpp"

#include "base/log.hpp"
#include "operator/api/resources.hpp"
#include "operator/policy/reconcile.hpp"
#include "operator/recovery/reconcile.hpp"
#include "operator/repository/check.hpp"
#include "operator/repository/keeping.hpp"
#include "operator/repository/reconcile.hpp"
#include "operator/rollback/reconcile.hpp"
#include "operator/schedule/reconcile.hpp"
#include "operator/snapshot/reconcile.hpp"

namespace cutline::op {
namespace {

constexpr int kWorkers = 6;  // a round occupies one for its whole length
constexpr int kSlowWorkers = 2;

const kube::Resource& resource(Kind kind) {
  switch (kind) {
    case Kind::Policy:
    case Kind::Recovery:
    case Kind::Schedule:
      return kPolicies;
    case Kind::Snapshot:
      return kSnapshots;
    case Kind::Rollback:
      return kRollbacks;
    case Kind::Repository:
    case Kind::Check:
      return kRepositories;
  }
  return kPolicies;
}

}  // namespace

const char* name(Kind kind) {
  switch (kind) {
    case Kind::Policy:
      return "SnapshotPolicy";
    case Kind::Recovery:
      return "Recovery";
    case Kind::Schedule:
      return "Schedule";
    case Kind::Snapshot:
      return "DistributedSnapshot";
    case Kind::Rollback:
      return "Rollback";
    case Kind::Repository:
      return "SnapshotRepository";
    case Kind::Check:
      return "Check";
  }
  return "";
}

Manager::Manager(Parts parts) : parts_(parts) {
  parts_.keeping.listen([this](const kube::Key& repository) { slow_.add({Kind::Repository, repository}); });
  for (const auto kind :
       {Kind::Policy /* the first: see look_at_policies */, Kind::Snapshot, Kind::Rollback, Kind::Repository})
    informers_.push_back(std::make_unique<kube::Informer>(parts_.client, resource(kind), kube::InformerOptions{},
                                                          [this, kind](const kube::Key& key) {
                                                            queue_of(kind).add({kind, key});
                                                            if (kind == Kind::Repository)
                                                              checks_.add({Kind::Check, key});
                                                            if (kind != Kind::Policy) return;
                                                            queue_.add({Kind::Recovery, key});
                                                            schedules_.add({Kind::Schedule, key});
                                                          }));
  for (int i = 0; i < kWorkers; ++i) workers_.emplace_back([this](const std::stop_token& stop) { work(queue_, stop); });
  workers_.emplace_back([this](const std::stop_token& stop) { work(schedules_, stop); });
  for (int i = 0; i < kSlowWorkers; ++i)
    workers_.emplace_back([this](const std::stop_token& stop) { work(slow_, stop); });
  workers_.emplace_back([this](const std::stop_token& stop) { work(checks_, stop); });
}

Manager::~Manager() { parts_.keeping.listen({}); }

void Manager::look_at_policies(const std::string& ns) {
  for (const auto& policy : informers_.front()->list())
    if (const auto key = kube::key_of(*policy); key.ns == ns) queue_.add({Kind::Policy, key});
}

void Manager::work(kube::WorkQueue<Work>& queue, const std::stop_token& stop) {
  Context context{parts_.client, parts_.events, parts_.lease, parts_.fleet, parts_.metrics, parts_.keeping, stop};
  while (auto item = queue.get(stop)) {
    const auto outcome = reconcile(context, *item);
    parts_.metrics.reconciled(name(item->kind), outcome.has_value());
    if (outcome) {
      queue.forget(*item);
      if (outcome->again) queue.add_after(*item, *outcome->again);
      if (outcome->to_policy) look_at_policies(item->key.ns);
    } else {
      const auto wait = queue.retry(*item);
      log::warn("reconcile failed", {{"kind", name(item->kind)},
                                     {"object", kube::to_string(item->key)},
                                     {"error", outcome.error()},
                                     {"again_ms", wait.count()}});
    }
    queue.done(*item);
  }
}

Result<Outcome> Manager::reconcile(Context& context, const Work& work) {
  switch (work.kind) {
    case Kind::Policy:
      return policy::reconcile(context, work.key);
    case Kind::Recovery:
      return recovery::reconcile(context, work.key);
    case Kind::Schedule:
      return schedule::reconcile(context, work.key);
    case Kind::Snapshot:
      return snapshot::reconcile(context, work.key);
    case Kind::Rollback:
      return rollback::reconcile(context, work.key);
    case Kind::Repository:
      return repository::reconcile(context, work.key);
    case Kind::Check:
      return repository::check(context, work.key);
  }
  return Outcome{};
}

}  // namespace cutline::op
