#include "cli/plan.hpp"

#include "cli/steps.hpp"
#include "cli/words.hpp"
#include "kube/timestamp.hpp"

namespace cutline::cli {
namespace {

// How many of its checkpoints a pod gives up.
std::size_t given_up(const Namespace& ns, const Way& way) {
  if (way.to.kind == State::Kind::Present) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(ns.checkpoints_of(way.uid), [&](const Checkpoint* c) {
    return c->index > way.to.index && (way.from.kind == State::Kind::Present || c->index <= way.from.index);
  }));
}

std::string of_whom(const std::vector<Step>& steps, const Way& way) {
  const Step* last = nullptr;
  for (const auto& step : steps)
    if (step.pod == way.pod) last = &step;
  if (last == nullptr) return "";
  if (!last->peer.empty()) return fmt::format("{} at {}", last->peer, show(last->peer_at));
  return last->because.starts_with("its application is not alive") ? "its failure" : "what was asked for";
}

std::vector<Pod> staying(const Namespace& ns, const Rollback& rollback) {
  std::vector<Pod> out;
  const auto* policy = ns.policy_of(rollback);
  if (policy == nullptr) return out;
  for (auto& pod : ns.members_of(*policy))
    if (!pod.node.empty() && std::ranges::find(rollback.plan, pod.uid, &Way::uid) == rollback.plan.end() &&
        std::ranges::find(rollback.plan, pod.name, &Way::pod) ==
            rollback.plan.end())  // one of the same name came later
      out.push_back(std::move(pod));
  return out;
}

std::string heading(const Rollback& r, std::size_t stay) {
  auto out = fmt::format("{}{}: ", r.dry_run ? "Would go back" : "Rollback " + r.name,
                         r.to.empty() ? "" : " to snapshot " + r.to);
  if (r.plan.empty()) return out + "nobody has to move, every pod stands at the line already.\n";
  out += fmt::format("{} {} back, {} not touched.\n", count(r.plan.size(), "pod"), r.plan.size() == 1 ? "goes" : "go",
                     stay == 0   ? "none is"
                     : stay == 1 ? "1 is"
                                 : fmt::format("{} are", stay));
  if (r.domino_depth == 0) return out + "No domino effect: nobody goes back further than where it began.\n";
  return out +
         fmt::format(
             "Domino depth {}: the pod that was drawn in furthest gives up {} more than it would have to alone.\n",
             r.domino_depth, count(r.domino_depth, "checkpoint"));
}

std::string columns(const Namespace& ns, const Rollback& r, const std::vector<Step>& steps,
                    const std::vector<Pod>& stay) {
  std::vector<std::vector<std::string>> rows{{"POD", "FROM", "TO", "GIVES UP", "BECAUSE OF"}};
  for (const auto& way : r.plan)
    rows.push_back(
        {way.pod, show(way.from), show(way.to), count(given_up(ns, way), "checkpoint"), of_whom(steps, way)});
  std::ranges::sort(rows.begin() + 1, rows.end(),
                    [](const auto& a, const auto& b) { return before(a.front(), b.front()); });
  for (const auto& pod : stay) rows.push_back({pod.name, "present", "stays", "-", ""});
  return rows.size() > 1 ? "\n" + table(rows) : "";
}

std::string lost(const Rollback& r) {
  std::vector<std::string> out;
  if (r.lost_bytes != 0) out.push_back(fmt::format("{} that were sent will never be received", bytes(r.lost_bytes)));
  if (r.lost_connections != 0)
    out.push_back(fmt::format("{} cannot be resumed and {} closed", count(r.lost_connections, "connection"),
                              r.lost_connections == 1 ? "is" : "are"));
  if (r.external != 0)
    out.push_back(fmt::format("{} to outside of the workload {} closed; those peers keep what they have seen",
                              count(r.external, "connection"), r.external == 1 ? "is" : "are"));
  if (out.empty()) return "\nNothing is lost.\n";
  return fmt::format("\nLost:\n  {}\n", fmt::join(out, "\n  "));
}

std::string severed(const Rollback& r) {
  if (r.severed.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(kShown, r.severed.size()); ++i)
    rows.push_back({r.severed[i].pod, r.severed[i].local, r.severed[i].remote});
  auto out = "\nClosed at pods that stay, because only the other end goes back:\n" + table(rows, "  ");
  if (r.severed.size() > kShown) out += fmt::format("  and {} more\n", r.severed.size() - kShown);
  return out;
}

}  // namespace

Result<std::string> plan(const Namespace& ns, const Rollback& r, std::size_t width) {
  const auto* failed = r.conditions.find("Failed");
  if (failed != nullptr && failed->status && r.plan.empty()) return fail(Code::Invalid, "{}", failed->message);
  if (!r.conditions.is("Planned") && r.plan.empty()) {
    const auto* planned = r.conditions.find("Planned");
    return fail(Code::Invalid, "rollback {} has no plan yet: {}", r.name,
                planned != nullptr ? planned->message : "the operator has not looked at it");
  }
  const auto steps = cascade(r.plan);
  const auto stay = staying(ns, r);
  auto out = heading(r, stay.size()) + columns(ns, r, steps, stay);
  if (!steps.empty()) out += "\nWhy:\n";
  std::size_t number = 0;
  for (const auto& step : steps)
    out += folded(fmt::format("{:>3}  {} goes back from {} to {}: {}", ++number, step.pod, show(step.from),
                              show(step.to), step.because),
                  width, "     ") +
           "\n";
  out += lost(r) + severed(r);
  if (failed != nullptr && failed->status)
    out += fmt::format("\nIt failed ({}): {}\n", failed->reason, failed->message);
  return out;
}

Result<Json> dry_run(const std::string& ns, const std::string& name, const Question& q) {
  Json to = {{"latest", true}};
  if (!q.snapshot.empty()) to = {{"snapshot", q.snapshot}};
  if (!q.before.empty()) {
    if (!kube::parse_time(q.before))
      return fail(Code::Invalid, "--before {}: write a time in UTC, for example 2026-03-01T12:00:00Z", q.before);
    to = {{"before", q.before}};
  }
  Json spec = {{"dryRun", true}, {"to", std::move(to)}, {"policyRef", {{"name", q.policy}}}};
  if (!q.pods.empty()) spec["pods"] = q.pods;
  return Json{{"apiVersion", "cutline.dev/v1alpha1"},
              {"kind", "Rollback"},
              {"metadata",
               {{"namespace", ns}, {"name", name}, {"labels", {{"app.kubernetes.io/managed-by", "kubectl-cutline"}}}}},
              {"spec", std::move(spec)}};
}

}  // namespace cutline::cli
