#include "cli/diagram/build.hpp"

#include <set>

#include "cli/diagram/messages.hpp"
#include "cli/steps.hpp"
#include "cli/words.hpp"

namespace cutline::cli {
namespace {

class Builder {
 public:
  Builder(const Namespace& ns, std::vector<Pod> pods, Time as_of) : ns_(ns), pods_(std::move(pods)) {
    for (const auto& pod : pods_) add_row(pod, as_of);
  }

  void mark_line(const std::string& uid, const State& state) {
    if (const auto row = row_of(uid)) out.rows[*row].line = position(*row, state);
  }

  void add_messages() {
    std::vector<Process> processes;
    std::size_t unknown = 0, all = 0;
    for (std::size_t i = 0; i < pods_.size(); ++i) {
      Process process{pods_[i].addresses, {}};
      for (const auto* c : checkpoints_[i]) {
        process.checkpoints.push_back(c->counters);
        unknown += c->counters ? 0 : 1;
        ++all;
        // A pod that is gone still shows where it was by its own ends.
        if (pods_[i].addresses.empty() && c->counters)
          for (const auto& end : *c->counters)
            if (std::ranges::find(process.addresses, end.local.address) == process.addresses.end() &&
                !end.local.address.starts_with("127."))
              process.addresses.push_back(end.local.address);
      }
      processes.push_back(std::move(process));
    }
    for (const auto& m : messages(processes))
      out.arrows.push_back({m.from, m.sent_in, m.to, m.received_in, m.bytes, m.arrived});
    if (unknown == all && all != 0)
      out.notes.push_back(
          "The objects of these checkpoints carry no byte counters, so what was sent cannot be drawn from them");
    else if (unknown != 0)
      out.notes.push_back(fmt::format(
          "{} of {} carry no byte counters in their objects: what was sent around them is drawn later, or not at all",
          unknown, count(all, "checkpoint")));
  }

  // An incremental snapshot names who brought whom in.
  void add_dependencies(const Snapshot& snapshot) {
    for (const auto& m : snapshot.members) {
      const auto by = std::ranges::find(snapshot.members, m.from, &Member::pod);
      if (by == snapshot.members.end() || (m.why != "SentTo" && m.why != "ReceivedFrom")) continue;
      const auto &sender = m.why == "SentTo" ? *by : m, &receiver = m.why == "SentTo" ? m : *by;
      const auto from = row_of(sender.uid), to = row_of(receiver.uid);
      if (!from || !to) continue;
      const auto sent = position(*from, {State::Kind::Checkpoint, sender.checkpoint}),
                 got = position(*to, {State::Kind::Checkpoint, receiver.checkpoint});
      if (sent == 0 || got == 0) continue;
      const bool known = std::ranges::any_of(
          out.arrows, [&](const Arrow& a) { return a.from == *from && a.to == *to && a.sent_in + 1 == sent; });
      if (!known) out.arrows.push_back({*from, sent - 1, *to, got - 1, 0});
    }
  }

  void add_cascade(const std::vector<Way>& plan) {
    for (const auto& step : cascade(plan)) {
      const auto way = std::ranges::find(plan, step.pod, &Way::pod);
      const auto row = row_of(way->uid);
      if (!row) continue;
      Back back{*row, position(*row, step.from), position(*row, step.to), std::nullopt, 0, step.because};
      if (const auto peer = std::ranges::find(out.rows, step.peer, &Row::pod);
          !step.peer.empty() && peer != out.rows.end()) {
        back.peer = static_cast<std::size_t>(peer - out.rows.begin());
        back.peer_at = position(*back.peer, step.peer_at);
      }
      out.cascade.push_back(std::move(back));
    }
  }

  Diagram finish() && {
    classify(out);
    return std::move(out);
  }

  Diagram out;

 private:
  void add_row(const Pod& pod, Time as_of) {
    Row row{.pod = pod.name, .marks = {}};
    checkpoints_.push_back(ns_.history_of(pod.uid, as_of));
    for (const auto* c : checkpoints_.back()) {
      const auto* cut = ns_.find_snapshot(c->snapshot);
      const auto* committed = cut != nullptr ? cut->conditions.find("Committed") : nullptr;
      row.marks.push_back(
          {c->index, committed != nullptr && committed->since ? committed->since : c->created, c->snapshot});
    }
    out.rows.push_back(std::move(row));
  }

  std::optional<std::size_t> row_of(const std::string& uid) const {
    const auto found = std::ranges::find(pods_, uid, &Pod::uid);
    return found == pods_.end() ? std::nullopt : std::optional{static_cast<std::size_t>(found - pods_.begin())};
  }

  // A checkpoint that is not there any more stands where it would: at the last one before it.
  std::size_t position(std::size_t row, const State& state) const {
    const auto& marks = out.rows[row].marks;
    if (state.kind == State::Kind::Present) return marks.size() + 1;
    if (state.kind == State::Kind::Start) return 0;
    return static_cast<std::size_t>(
        std::ranges::count_if(marks, [&](const Mark& m) { return m.index <= state.index; }));
  }

  const Namespace& ns_;
  std::vector<Pod> pods_;
  std::vector<std::vector<const Checkpoint*>> checkpoints_;
};

void add_if_absent(std::vector<Pod>& pods, const std::string& name, const std::string& uid) {
  if (std::ranges::find(pods, uid, &Pod::uid) != pods.end()) return;
  const bool replaced = std::ranges::find(pods, name, &Pod::name) != pods.end();
  pods.push_back({.name = replaced ? name + " (before)" : name, .uid = uid, .node = {}, .addresses = {}, .labels = {}});
}

// The diagram is about these: whoever has taken the name of one since is another process, and not in it.
template <class T>
void without_successors(std::vector<Pod>& pods, const std::vector<T>& these) {
  std::erase_if(pods, [&](const Pod& pod) {
    return std::ranges::find(these, pod.uid, &T::uid) == these.end() &&
           std::ranges::find(these, pod.name, &T::pod) != these.end();
  });
  for (auto& pod : pods)
    if (const auto one = std::ranges::find(these, pod.uid, &T::uid); one != these.end()) pod.name = one->pod;
}

std::vector<Pod> known(const Namespace& ns, const std::string& policy) {
  const auto found = ns.policy(policy);
  return found ? ns.members_of(**found) : std::vector<Pod>{};
}

void by_name(std::vector<Pod>& pods) {
  std::ranges::sort(pods, [](const Pod& a, const Pod& b) { return before(a.name, b.name); });
}

// Now, or when a rollback went to a line before this snapshot.
Time before_it_was_undone(const Namespace& ns, const Snapshot& snapshot) {
  auto out = ns.now;
  const auto committed = snapshot.conditions.find("Committed")->since.value_or(ns.now);
  for (const auto& rollback : ns.rollbacks) {
    const auto* planned = rollback.conditions.find("Planned");
    if (!rollback.conditions.is("Restored") || planned == nullptr || !planned->since || *planned->since < committed)
      continue;
    const bool undone = std::ranges::any_of(snapshot.members, [&](const Member& m) {
      const auto way = std::ranges::find(rollback.plan, m.uid, &Way::uid);
      return way != rollback.plan.end() && way->to.index < m.checkpoint;
    });
    if (undone) out = std::min(out, *planned->since);
  }
  return out;
}

std::string why_not(const Conditions& conditions) {
  for (const auto* type : {"Failed", "Planned"})
    if (const auto* c = conditions.find(type)) return c->message;
  return "the operator has not looked at it yet";
}

}  // namespace

Result<Diagram> of_snapshot(const Namespace& ns, const Snapshot& snapshot) {
  if (!snapshot.conditions.is("Committed"))
    return fail(Code::Invalid, "snapshot {} is not committed, so there is no cut to draw: {}", snapshot.name,
                why_not(snapshot.conditions));
  auto pods = known(ns, snapshot.policy);
  for (const auto& m : snapshot.members)
    if (const auto now = std::ranges::find(ns.pods, m.uid, &Pod::uid);
        now != ns.pods.end() && std::ranges::find(pods, m.uid, &Pod::uid) == pods.end())
      pods.push_back(*now);
  for (const auto& m : snapshot.members) add_if_absent(pods, m.pod, m.uid);
  without_successors(pods, snapshot.members);
  by_name(pods);
  Builder b{ns, std::move(pods), before_it_was_undone(ns, snapshot)};
  for (const auto& m : snapshot.members) b.mark_line(m.uid, {State::Kind::Checkpoint, m.checkpoint});
  b.add_messages();
  b.add_dependencies(snapshot);
  b.out.title = "Snapshot " + snapshot.name;
  const auto* committed = snapshot.conditions.find("Committed");
  b.out.subtitle =
      fmt::format("{}committed {}, {}, {} in transit, {}", snapshot.protocol.empty() ? "" : snapshot.protocol + ", ",
                  ago(committed->since, ns.now), count(snapshot.connections, "connection"), bytes(snapshot.in_transit),
                  snapshot.orphans == 0 ? "no orphan" : count(snapshot.orphans, "orphan"));
  b.out.line_name = "the cut " + snapshot.name;
  if (snapshot.in_transit != 0 && std::ranges::none_of(b.out.arrows, [](const Arrow& a) { return !a.arrived; }))
    b.out.notes.push_back(
        fmt::format("{} in transit over the cut lie in the senders' images", bytes(snapshot.in_transit)));
  return std::move(b).finish();
}

Result<Diagram> of_rollback(const Namespace& ns, const Rollback& rollback) {
  if (rollback.plan.empty() && !rollback.conditions.is("Planned"))
    return fail(Code::Invalid, "rollback {} has no plan to draw: {}", rollback.name, why_not(rollback.conditions));
  const auto* policy = ns.policy_of(rollback);
  auto pods = policy != nullptr ? ns.members_of(*policy) : std::vector<Pod>{};
  for (const auto& way : rollback.plan)
    if (const auto now = std::ranges::find(ns.pods, way.uid, &Pod::uid);
        now != ns.pods.end() && std::ranges::find(pods, way.uid, &Pod::uid) == pods.end())
      pods.push_back(*now);
  for (const auto& way : rollback.plan) add_if_absent(pods, way.pod, way.uid);
  without_successors(pods, rollback.plan);
  by_name(pods);
  const auto* planned = rollback.conditions.find("Planned");
  Builder b{ns, pods, planned != nullptr ? planned->since.value_or(ns.now) : ns.now};
  for (const auto& pod : pods) b.mark_line(pod.uid, {State::Kind::Present, 0});
  for (const auto& way : rollback.plan) b.mark_line(way.uid, way.to);
  for (auto& row : b.out.rows) row.undone = row.line < row.present();
  b.add_messages();
  b.add_cascade(rollback.plan);
  for (const auto& back : b.out.cascade)
    if (back.because.starts_with("its application is not alive")) b.out.rows[back.row].failed = true;
  b.out.title = rollback.dry_run ? "Rollback, as planned" : "Rollback " + rollback.name;
  if (!rollback.to.empty()) b.out.title += " to snapshot " + rollback.to;
  b.out.subtitle = fmt::format("{} of {} go back, domino depth {}, {} lost", rollback.plan.size(),
                               count(pods.size(), "pod"), rollback.domino_depth, bytes(rollback.lost_bytes));
  b.out.line_name = "recovery line";
  return std::move(b).finish();
}

Result<Diagram> of_policy(const Namespace& ns, const Policy& policy) {
  auto pods = ns.members_of(policy);
  if (pods.empty())
    return fail(
        Code::NotFound,
        "policy {} selects no pod that takes part: label the pods cutline.dev/inject: \"true\" and see spec.selector",
        policy.name);
  Builder b{ns, pods, ns.now};
  for (const auto& point : policy.line)
    b.mark_line(point.uid, point.checkpoint == 0 ? State{State::Kind::Start, 0}
                                                 : State{State::Kind::Checkpoint, point.checkpoint});
  b.add_messages();
  for (const auto* snapshot : ns.snapshots_of(policy.name)) b.add_dependencies(*snapshot);
  b.out.title = "Policy " + policy.name;
  b.out.subtitle = fmt::format("{}, {}{}", policy.protocol, count(pods.size(), "pod"),
                               policy.line.empty() ? ", no recovery line" : "");
  b.out.line_name = "recovery line";
  return std::move(b).finish();
}

}  // namespace cutline::cli
