#include "kube/event_object.hpp"

namespace cutline::kube {
namespace {

constexpr std::size_t longest_name = 190;      // of 253, with room for the hash
constexpr std::size_t longest_message = 1000;  // the API's limit is 1024
constexpr std::size_t most_reasons = 4096;     // held in memory

// FNV-1a: the same in every process and every release, which std::hash does not promise.
std::uint64_t hash(std::string_view text, std::uint64_t seed = 14695981039346656037ULL) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return (seed ^ 0xFFU) * 1099511628211ULL;  // an end mark, so that ("ab", "c") differs from ("a", "bc")
}

std::string_view type_name(EventType type) { return type == EventType::Normal ? "Normal" : "Warning"; }

}  // namespace

Json reference_to(const Json& object) {
  Json out{{"apiVersion", string_at(object, "/apiVersion")}, {"kind", string_at(object, "/kind")}};
  const auto key = key_of(object);
  out["name"] = key.name;
  if (!key.ns.empty()) out["namespace"] = key.ns;
  if (const auto uid = uid_of(object); !uid.empty()) out["uid"] = uid;
  if (const auto version = resource_version_of(object); !version.empty()) out["resourceVersion"] = version;
  return out;
}

Key event_key(const EventRecord& record, const std::string& component) {
  auto sum = hash(component);
  for (const auto* field : {"/apiVersion", "/kind", "/namespace", "/name", "/uid"})
    sum = hash(string_at(record.involved, field), sum);
  sum = hash(record.message, hash(record.reason, hash(type_name(record.type), sum)));
  const auto ns = string_at(record.involved, "/namespace");
  const auto name = string_at(record.involved, "/name").substr(0, longest_name);
  return {ns.empty() ? "default" : ns, fmt::format("{}.{:016x}", name, sum)};
}

Json make_event(const EventRecord& record, const Key& key, const std::string& component, const std::string& instance,
                const std::string& now) {
  return {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", {{"namespace", key.ns}, {"name", key.name}}},
          {"involvedObject", record.involved},
          {"type", type_name(record.type)},
          {"reason", record.reason},
          {"message", record.message.substr(0, longest_message)},
          {"source", {{"component", component}}},
          {"reportingComponent", component},
          {"reportingInstance", instance},
          {"firstTimestamp", now},
          {"lastTimestamp", now},
          {"count", 1}};
}

Json count_up(const Json& existing, const std::string& now) {
  const auto count = existing.contains("count") && existing["count"].is_number_integer()
                         ? existing["count"].get<std::int64_t>()
                         : std::int64_t{1};
  return {
      {"metadata", {{"resourceVersion", resource_version_of(existing)}}}, {"count", count + 1}, {"lastTimestamp", now}};
}

EventRecord Aggregator::combine(EventRecord record) {
  const auto group =
      fmt::format("{}/{}/{}/{}/{}", string_at(record.involved, "/uid"), string_at(record.involved, "/namespace"),
                  string_at(record.involved, "/name"), type_name(record.type), record.reason);
  if (messages_.size() >= most_reasons && !messages_.contains(group)) messages_.clear();
  auto& seen = messages_[group];
  const auto message = hash(record.message);
  if (seen.contains(message)) return record;
  if (seen.size() < limit_) {
    seen.insert(message);
    return record;
  }
  record.message = "(many similar events, combined)";
  return record;
}

}  // namespace cutline::kube
