#include "operator/policy/reconcile.hpp"

#include "base/log.hpp"
#include "operator/api/resources.hpp"
#include "operator/pods/remember.hpp"
#include "operator/policy/checkpoints.hpp"
#include "operator/policy/configure.hpp"
#include "operator/policy/status.hpp"
#include "operator/retention/apply.hpp"
#include "operator/rounds/local_checkpoint.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::policy {
namespace {

constexpr Millis kPatience{10'000};
constexpr Millis kForget{5'000};
constexpr Millis kAgain{10'000};            // pods come and go,
constexpr Millis kAgainIndependent{3'000};  // and save themselves

// What the API server should know of a workload that saves itself.
cutline::Status record_checkpoints(Context& context, const std::string& ns, const Workload& workload) {
  const auto objects = context.items(kCheckpoints, ns, Deadline::after(kRead));
  if (!objects) return tl::unexpected(objects.error());
  const auto difference = compare(ns, workload, *objects);
  for (const auto& object : difference.missing)
    if (auto made = make_local_checkpoint(context.client, object, Deadline::after(kRead)); !made) return made;
  for (const auto& name : difference.superfluous)
    if (auto removed = context.client.remove(kCheckpoints, {ns, name}, Deadline::after(kRead));
        !removed && removed.error().code != Code::NotFound)
      return removed;
  return {};
}

// What no line can need any more.
void collect(Context& context, const Workload& workload, const rollback::Line& line_of_all) {
  std::vector<std::pair<control::Peer, protocol::Command>> questions;
  for (const auto& [pod, checkpoint] : superfluous(workload, line_of_all)) {
    log::info("checkpoint collected", {{"pod", pod.name}, {"checkpoint", value(checkpoint)}});
    questions.emplace_back(peer_of(pod), protocol::Forget{checkpoint});
  }
  (void)ask_each(context.fleet, std::move(questions),
                 Deadline::after(kForget));  // one that was not told is told at the next turn
}

// Of a workload that saves itself: what is due beside the status. Nothing: its pods start, or end; the next turn sees
// them.
std::optional<Result<rollback::Line>> tend(Context& context, const kube::Key& key, const SaveSpec& save,
                                           const std::vector<Pod>& pods) {
  const auto workload = remember(context, key.ns, save.selector, pods);
  if (!workload) {
    log::debug("histories not read", {{"policy", kube::to_string(key)}, {"error", workload.error()}});
    return std::nullopt;
  }
  auto line = rollback::line_of_all(*workload, save);
  if (line) collect(context, *workload, *line);
  if (auto recorded = record_checkpoints(context, key.ns, *workload); !recorded)
    log::warn("checkpoints not recorded", {{"policy", kube::to_string(key)}, {"error", recorded.error()}});
  return line;
}

std::vector<PodUid> living(const Selector& selector, const std::vector<Pod>& pods) {
  std::vector<PodUid> out;
  for (const auto& pod : pods)
    if (!pod.ending && selector.matches(pod.labels)) out.push_back(pod.uid);
  return out;
}

// Of a policy that keeps not all. Nothing: the rollbacks could not be read, and one of them may need what would go.
std::optional<retention::Plan> retain(Context& context, const Json& policy, const std::vector<Json>& snapshots,
                                      const std::vector<Pod>& pods) {
  if (!read_retention_spec(policy)) return retention::Plan{};
  auto rollbacks = context.items(kRollbacks, kube::key_of(policy).ns, Deadline::after(kRead));
  if (!rollbacks) return std::nullopt;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto plan =
      retention::plan({policy, snapshots, *std::move(rollbacks), living(read_save_spec(policy).selector, pods), now});
  (void)retention::apply(context, policy, plan);
  return plan;
}

}  // namespace

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  const auto deadline = Deadline::after(kRead);
  auto object = context.client.get(kPolicies, key, deadline);
  if (!object && object.error().code != Code::NotFound) return tl::unexpected(object.error());
  const auto pods = context.pods(key.ns, deadline);
  if (!pods) return tl::unexpected(pods.error());
  const auto policies = context.items(kPolicies, key.ns, deadline);
  if (!policies) return tl::unexpected(policies.error());
  configure(context, *pods, *policies);
  if (!object) return Outcome{};  // its pods have been told that it is gone
  const auto snapshots = context.items(kSnapshots, key.ns, deadline);
  if (!snapshots) return tl::unexpected(snapshots.error());
  const auto save = read_save_spec(*object);
  const bool independent = save.protocol == "Independent";
  const auto line = independent ? tend(context, key, save, *pods) : std::nullopt;

  const auto retained = retain(context, *object, *snapshots, *pods);
  const Outcome again{independent ? kAgainIndependent : kAgain};
  const auto edit = [&](Json& policy) {
    write_status(policy, *pods, *snapshots, now_text());
    if (line) write_line(policy, *line, now_text());
    if (retained) retention::write_status(policy, *retained);
  };
  Json next = *object;
  edit(next);
  if (next.value("status", Json{}) == object->value("status", Json{})) return again;
  RecordKeeper keeper{context.client, kPolicies, std::move(*object)};
  auto written = keeper.write(
      [&](Json& policy) -> cutline::Status {
        edit(policy);
        return {};
      },
      kPatience, context.stop);
  if (!written) return tl::unexpected(written.error());
  return again;
}

}  // namespace cutline::op::policy
