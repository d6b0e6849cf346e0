#include "operator/repository/durable.hpp"

#include "base/overloaded.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/text.hpp"
#include "operator/snapshot/composition.hpp"
#include "operator/snapshot/plan.hpp"

namespace cutline::op::repository {
namespace {

namespace r = cutline::repository;
using Pointer = Json::json_pointer;

constexpr const char* kNever = "Never";
constexpr const char* kUploading = "Uploading";
constexpr const char* kWaiting = "Waiting";

Condition not_durable(std::string reason, std::string message) {
  return {"Durable", false, std::move(reason), std::move(message)};
}

// Its gates are open again, and it is neither durable nor known to be so never.
bool is_to_go(const Json& snapshot) {
  const auto* durable = find_condition(snapshot, "Durable");
  const bool over =
      durable != nullptr && (durable->value("status", "") == "True" || durable->value("reason", "") == kNever);
  return !over && is_true(snapshot, "Committed") && is_true(snapshot, "Released") && !kube::is_being_deleted(snapshot);
}

// Into one member's record; its trouble, if it has one.
std::optional<Error> take(Json& member, const Result<protocol::Reply>& answer) {
  if (!answer) return Error{Code::Busy, answer.error().message};
  return std::visit(
      overloaded{[&](const protocol::Uploaded& m) -> std::optional<Error> {
                   member["uploaded"] = value(m.bytes);
                   member["stored"] = m.id;
                   member["added"] = value(m.added);
                   return {};
                 },
                 [&](const protocol::Uploading& m) -> std::optional<Error> {
                   member["uploaded"] = value(m.done);
                   return m.trouble;
                 },
                 [&](const protocol::Refused& m) -> std::optional<Error> { return m.why; },
                 [](const auto&) -> std::optional<Error> { return Error{Code::Internal, "an unexpected answer"}; }},
      *answer);
}

}  // namespace

std::string repository_of(const Json& snapshot, const std::optional<Json>& policy) {
  for (const auto* pointer : {"/status/repository", "/spec/repositoryRef/name"})
    if (auto name = kube::string_at(snapshot, pointer); !name.empty()) return name;
  return policy ? kube::string_at(*policy, "/spec/repositoryRef/name") : std::string{};
}

bool has_begun(const Json& snapshot) { return !kube::string_at(snapshot, "/status/repository").empty(); }
bool is_on_its_way(const Json& snapshot) { return has_begun(snapshot) && is_to_go(snapshot); }

std::string goes_before(const Json& snapshot, const std::vector<Json>& snapshots) {
  const auto policy = kube::string_at(snapshot, "/spec/policyRef/name");
  const Json* first = &snapshot;
  for (const auto& other : snapshots) {
    if (policy.empty() || kube::string_at(other, "/spec/policyRef/name") != policy || !is_to_go(other) ||
        kube::uid_of(other) == kube::uid_of(snapshot))
      continue;
    if (has_begun(other)) return kube::key_of(other).name;
    if (op::snapshot::recorded_epoch(other) > op::snapshot::recorded_epoch(*first)) first = &other;
  }
  return first == &snapshot ? std::string{} : kube::key_of(*first).name;
}

Next next(const Json& snapshot, const std::vector<Pod>& pods) {
  if (!is_to_go(snapshot)) return Nothing{};
  Ask ask;
  for (const auto& part : op::snapshot::parts(snapshot)) {
    if (!part.row.value("stored", "").empty()) continue;
    const auto pod = part.row.value("pod", "");
    const auto digest = part.row.value("digest", "");
    if (digest.empty()) return Never{fmt::format("pod {} has not kept its checkpoint", pod)};
    if (find_pod(pods, part.uid()) == nullptr)
      return Never{fmt::format("pod {} went, and its checkpoint with it, before it was in the repository", pod)};
    ask.uploads.push_back({part.uid(), part.epoch, digest});
  }
  return ask.uploads.empty() ? Next{Seal{}} : Next{std::move(ask)};
}

std::string reason_of(const Error& trouble) {
  switch (trouble.code) {
    case Code::Invalid:
      return "AccessRefused";
    case Code::NotFound:
      return "RepositoryMissing";
    case Code::Exhausted:
      return "StorageFull";
    case Code::Unavailable:
    case Code::Timeout:
      return "RepositoryUnavailable";
    case Code::Busy:
    case Code::Conflict:
      return "Busy";
    case Code::Corrupt:
      return "Damaged";
    case Code::Unsupported:
      return "Unsupported";
    case Code::Internal:
      return "Internal";
  }
  return "Internal";
}

void record(Json& snapshot, const std::string& repository, const std::map<PodUid, Result<protocol::Reply>>& answers,
            const std::string& now) {
  auto& status = snapshot["status"];
  status["repository"] = repository;
  std::optional<Error> trouble;
  std::size_t stored = 0;
  std::uint64_t done = 0, all = 0;
  std::size_t count = 0;
  op::snapshot::for_each_row(snapshot, [&](Json& row) {
    if (const auto answer = answers.find(PodUid{row.value("uid", "")}); answer != answers.end())
      if (const auto why = take(row, answer->second); why && !trouble) trouble = why->in("pod " + row.value("pod", ""));
    ++count;
    stored += row.value("stored", "").empty() ? 0U : 1U;
    done += row.value("uploaded", std::uint64_t{0});
    all += row.value("bytes", std::uint64_t{0});
  });
  const auto far = fmt::format("{} of {} checkpoints are in {}, {} of {} read", stored, count, repository,
                               show(Bytes{std::min(done, all)}), show(Bytes{all}));
  status["membersStored"] = fmt::format("{}/{}", stored, count);
  if (trouble)
    set_condition(snapshot, not_durable(reason_of(*trouble), fmt::format("{}; {}", trouble->message, far)), now);
  else
    set_condition(snapshot, not_durable(kUploading, far), now);
}

void record_trouble(Json& snapshot, const std::string& repository, const Error& trouble, const std::string& now) {
  snapshot["status"]["repository"] = repository;
  set_condition(snapshot, not_durable(reason_of(trouble), trouble.message), now);
}

void record_waiting(Json& snapshot, const std::string& before, const std::string& now) {
  set_condition(
      snapshot,
      not_durable(kWaiting, fmt::format("{} goes first: one snapshot of a policy at a time, then the newest", before)),
      now);
}

void record_never(Json& snapshot, const std::string& why, const std::string& now) {
  set_condition(snapshot, not_durable(kNever, why + ": take another snapshot"), now);
}

void record_durable(Json& snapshot, const std::string& manifest, const std::string& now) {
  auto& status = snapshot["status"];
  status["manifest"] = manifest;
  set_condition(snapshot,
                {"Durable", true, "InRepository",
                 fmt::format("all checkpoints and their signed manifest are in {}", status.value("repository", ""))},
                now);
}

Millis pause(const Json& snapshot) {
  const auto* durable = find_condition(snapshot, "Durable");
  const auto reason = durable == nullptr ? std::string{} : durable->value("reason", "");
  if (reason == kUploading || reason == kWaiting || reason.empty()) return Millis{500};
  if (reason == "Busy") return Millis{3'000};
  return reason == "RepositoryUnavailable" ? Millis{10'000} : Millis{30'000};
}

namespace {

std::vector<r::Connection> connections(const Json& snapshot, const char* pointer) {
  std::vector<r::Connection> out;
  for (const auto& c : kube::list_at(snapshot, pointer))
    out.push_back({c.value("pod", ""), c.value("local", ""), c.value("remote", "")});
  return out;
}

r::Member member_of(const op::snapshot::Part& part, const std::vector<Json>& checkpoints) {
  const auto& row = part.row;
  r::Member out{.pod = row.value("pod", ""),
                .uid = part.uid(),
                .node = row.value("node", ""),
                .addresses = row.value("addresses", std::vector<std::string>{}),
                .index = CheckpointIndex{row.value("checkpoint", std::uint64_t{0})},
                .digest = row.value("digest", ""),
                .bytes = Bytes{row.value("bytes", std::uint64_t{0})},
                .stored = row.value("stored", ""),
                .counters = {}};
  const auto object = std::ranges::find_if(checkpoints, [&](const Json& c) {
    return kube::string_at(c, "/spec/uid") == out.uid.value && kube::string_at(c, "/spec/digest") == out.digest;
  });
  const Pointer counters{"/spec/counters/connections"};
  if (object != checkpoints.end() && object->contains(counters)) out.counters = object->at(counters).dump();
  return out;
}

}  // namespace

r::Manifest manifest_of(const Json& snapshot, const std::vector<Json>& checkpoints, const std::string& version) {
  const auto key = kube::key_of(snapshot);
  const auto* committed = find_condition(snapshot, "Committed");
  r::Manifest out{.ns = key.ns,
                  .policy = kube::string_at(snapshot, "/spec/policyRef/name"),
                  .snapshot = key.name,
                  .uid = kube::uid_of(snapshot),
                  .epoch = op::snapshot::recorded_epoch(snapshot),
                  .protocol = kube::string_at(snapshot, "/status/protocol"),
                  .members = {},
                  .external = {},
                  .versions = {{"operator", version}},
                  .created = committed == nullptr ? std::string{} : committed->value("lastTransitionTime", ""),
                  .alone = op::snapshot::stands_alone(snapshot),
                  .left_out = {},
                  .close = {}};
  for (const auto& part : op::snapshot::parts(snapshot)) {
    auto one = member_of(part, checkpoints);
    if (part.left_out)
      out.left_out.push_back({std::move(one), part.epoch, part.row.value("snapshot", ""),
                              part.row.contains("names") ? part.row.at("names").dump() : ""});
    else
      out.members.push_back(std::move(one));
  }
  out.close = connections(snapshot, "/status/composition/close");
  out.external = connections(snapshot, "/status/external");
  return out;
}

}  // namespace cutline::op::repository
