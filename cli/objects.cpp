#include "cli/objects.hpp"

#include <charconv>

#include "kube/timestamp.hpp"

namespace cutline::cli {
namespace {

const Json* at(const Json& object, const char* pointer) {
  const Json::json_pointer p{pointer};
  return object.contains(p) ? &object.at(p) : nullptr;
}

std::string text(const Json& object, const char* pointer) { return kube::string_at(object, pointer); }

std::uint64_t number(const Json& object, const char* pointer) {
  const auto* found = at(object, pointer);
  return found != nullptr && found->is_number_integer() && *found >= 0 ? found->get<std::uint64_t>() : 0;
}

bool flag(const Json& object, const char* pointer) {
  const auto* found = at(object, pointer);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

// The list's items that are objects.
std::vector<Json> items(const Json& object, const char* pointer) {
  std::vector<Json> out;
  const auto* found = at(object, pointer);
  if (found == nullptr || !found->is_array()) return out;
  for (const auto& item : *found)
    if (item.is_object()) out.push_back(item);
  return out;
}

std::vector<std::string> texts(const Json& object, const char* pointer) {
  std::vector<std::string> out;
  const auto* found = at(object, pointer);
  if (found == nullptr || !found->is_array()) return out;
  for (const auto& item : *found)
    if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

Conditions conditions(const Json& object) {
  Conditions out;
  for (const auto& c : items(object, "/status/conditions"))
    out.all.push_back({text(c, "/type"), text(c, "/reason"), text(c, "/message"), text(c, "/status") == "True",
                       kube::parse_time(text(c, "/lastTransitionTime"))});
  return out;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t out = 0;
  const auto* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && last == end && !text.empty() ? std::optional{out} : std::nullopt;
}

State state_at(const Json& object, const char* pointer) {
  const auto* found = at(object, pointer);
  if (found == nullptr) return {};
  if (found->is_number_integer()) return parse_state(std::to_string(found->get<std::int64_t>())).value_or(State{});
  return found->is_string() ? parse_state(found->get<std::string>()).value_or(State{}) : State{};
}

}  // namespace

const Condition* Conditions::find(std::string_view type) const {
  const auto found = std::ranges::find(all, type, &Condition::type);
  return found == all.end() ? nullptr : &*found;
}

bool Conditions::is(std::string_view type) const {
  const auto* found = find(type);
  return found != nullptr && found->status;
}

std::string show(const State& state) {
  switch (state.kind) {
    case State::Kind::Start:
      return "start";
    case State::Kind::Checkpoint:
      return fmt::format("checkpoint {}", state.index);
    case State::Kind::Present:
      return "present";
  }
  return {};
}

std::optional<State> parse_state(std::string_view text) {
  using Kind = State::Kind;
  if (text == "present" || text == "its present state") return State{Kind::Present, 0};
  if (text == "start" || text == "its start") return State{Kind::Start, 0};
  if (const auto word = text.rfind("checkpoint "); word != std::string_view::npos) text.remove_prefix(word + 11);
  const auto index = parse_number(text);
  if (!index) return std::nullopt;
  return *index == 0 ? State{Kind::Start, 0} : State{Kind::Checkpoint, *index};
}

bool selects(const Policy& policy, const Pod& pod) {
  return !policy.selector.empty() && policy.selector.matches(pod.labels);
}

Policy read_policy(const Json& o) {
  Policy out{.name = kube::key_of(o).name,
             .protocol = text(o, "/spec/protocol"),
             .recovery_mode = text(o, "/spec/recovery/mode"),
             .last_snapshot = text(o, "/status/lastSnapshot"),
             .recovery_line = text(o, "/status/recoveryLine"),
             .next_schedule = text(o, "/status/nextScheduleTime"),
             .suspended = flag(o, "/spec/suspend"),
             .members = number(o, "/status/members"),
             .line = {},
             .selector = kube::read_selector(at(o, "/spec/selector") != nullptr ? *at(o, "/spec/selector") : Json{}),
             .conditions = conditions(o)};
  if (out.protocol.empty()) out.protocol = "Coordinated";
  for (const auto& p : items(o, "/status/line"))
    out.line.push_back({text(p, "/pod"), text(p, "/uid"), text(p, "/snapshot"), number(p, "/checkpoint")});
  return out;
}

Snapshot read_snapshot(const Json& o) {
  Snapshot out{.name = kube::key_of(o).name,
               .policy = text(o, "/spec/policyRef/name"),
               .protocol = text(o, "/status/protocol"),
               .members_ready = text(o, "/status/membersReady"),
               .held = text(o, "/status/timings/held"),
               .epoch = number(o, "/status/epoch"),
               .bytes = number(o, "/status/bytes"),
               .connections = number(o, "/status/proof/connections"),
               .in_transit = number(o, "/status/proof/inTransitBytes"),
               .orphans = number(o, "/status/proof/orphans"),
               .has_proof = at(o, "/status/proof") != nullptr,
               .pinned = flag(o, "/spec/pinned"),
               .members = {},
               .created = kube::parse_time(text(o, "/metadata/creationTimestamp")),
               .conditions = conditions(o)};
  if (out.protocol.empty()) out.protocol = text(o, "/spec/protocol");
  for (const auto& m : items(o, "/status/members"))
    out.members.push_back({text(m, "/pod"), text(m, "/uid"), text(m, "/why"), text(m, "/from"), text(m, "/gated"),
                           number(m, "/checkpoint"), number(m, "/bytes")});
  return out;
}

Checkpoint read_checkpoint(const Json& o) {
  Checkpoint out{.name = kube::key_of(o).name,
                 .pod = text(o, "/spec/pod"),
                 .uid = text(o, "/spec/uid"),
                 .snapshot = text(o, "/spec/snapshot"),
                 .index = number(o, "/spec/index"),
                 .bytes = number(o, "/spec/bytes"),
                 .created = kube::parse_time(text(o, "/metadata/creationTimestamp")),
                 .counters = std::nullopt};
  if (at(o, "/spec/counters/connections") == nullptr) return out;
  out.counters.emplace();
  for (const auto& c : items(o, "/spec/counters/connections"))
    out.counters->push_back({protocol::parse_endpoint(text(c, "/local")), protocol::parse_endpoint(text(c, "/remote")),
                             number(c, "/acked"), number(c, "/sent"), number(c, "/received")});
  return out;
}

Rollback read_rollback(const Json& o) {
  Rollback out;
  out.name = kube::key_of(o).name;
  out.uid = kube::uid_of(o);
  out.policy = text(o, "/spec/policyRef/name");
  out.to = text(o, "/status/to");
  if (out.to.empty()) out.to = text(o, "/spec/to/snapshot");
  out.before = text(o, "/spec/to/before");
  out.members_restored = text(o, "/status/membersRestored");
  out.held = text(o, "/status/timings/held");
  out.dry_run = flag(o, "/spec/dryRun");
  out.pods = texts(o, "/spec/pods");
  for (const auto& p : items(o, "/status/plan"))
    out.plan.push_back({text(p, "/pod"), text(p, "/uid"), text(p, "/because"), text(p, "/restored"),
                        state_at(p, "/from"), state_at(p, "/to")});
  for (const auto& s : items(o, "/status/severed"))
    out.severed.push_back({text(s, "/pod"), text(s, "/local"), text(s, "/remote")});
  out.domino_depth = number(o, "/status/dominoDepth");
  out.lost_bytes = number(o, "/status/lost/bytes");
  out.lost_connections = number(o, "/status/lost/connections");
  out.external = number(o, "/status/lost/external");
  out.created = kube::parse_time(text(o, "/metadata/creationTimestamp"));
  out.conditions = conditions(o);
  return out;
}

Pod read_pod(const Json& o) {
  Pod out{.name = kube::key_of(o).name,
          .uid = kube::uid_of(o),
          .node = text(o, "/spec/nodeName"),
          .addresses = {},
          .labels = {},
          .takes_part = false};
  for (const auto& ip : items(o, "/status/podIPs")) out.addresses.push_back(text(ip, "/ip"));
  if (const auto* labels = at(o, "/metadata/labels"); labels != nullptr && labels->is_object())
    for (const auto& [key, value] : labels->items())
      if (value.is_string()) out.labels.emplace(key, value.get<std::string>());
  const auto inject = out.labels.find("cutline.dev/inject");
  out.takes_part = inject != out.labels.end() && inject->second == "true" && !kube::is_being_deleted(o);
  return out;
}

}  // namespace cutline::cli
