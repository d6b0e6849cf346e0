#include "kube/lease_object.hpp"

#include <charconv>

namespace cutline::kube {
namespace {

std::int64_t number_in_spec(const Json& lease, const char* field, std::int64_t otherwise) {
  if (!lease.contains("spec") || !lease["spec"].contains(field)) return otherwise;
  const auto& value = lease["spec"][field];
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

Json precondition(const Json& lease) { return {{"resourceVersion", resource_version_of(lease)}}; }

std::int64_t seconds(Millis duration) { return std::chrono::ceil<std::chrono::seconds>(duration).count(); }

}  // namespace

std::string holder_of(const Json& lease) { return string_at(lease, "/spec/holderIdentity"); }
std::int64_t transitions_of(const Json& lease) { return number_in_spec(lease, "leaseTransitions", 0); }

Result<std::uint64_t> epoch_of(const Json& lease) {
  if (!lease.contains("metadata") || !lease["metadata"].contains("annotations")) return 0;
  const auto& annotations = lease["metadata"]["annotations"];
  const auto found = annotations.find(epoch_annotation);
  if (found == annotations.end()) return 0;
  const auto text = found->is_string() ? found->get<std::string>() : "";
  std::uint64_t epoch = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc{} || stop != text.data() + text.size() || text.empty())
    return fail(Code::Corrupt, "{} of the Lease is \"{}\", not a number", epoch_annotation, text);
  return epoch;
}

bool Observation::expired(const Json& lease, Instant now) {
  if (holder_of(lease).empty()) return true;
  auto spec = lease["spec"];
  if (spec != spec_) {
    spec_ = std::move(spec);
    since_ = now;
  }
  return now - since_ >= std::chrono::seconds{number_in_spec(lease, "leaseDurationSeconds", 15)};
}

Json new_lease(const LeaseOptions& options, const std::string& now) {
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", {{"namespace", options.ns}, {"name", options.name}}},
          {"spec",
           {{"holderIdentity", options.identity},
            {"leaseDurationSeconds", seconds(options.lease_duration)},
            {"acquireTime", now},
            {"renewTime", now},
            {"leaseTransitions", 0}}}};
}

Json take_over(const Json& lease, const LeaseOptions& options, const std::string& now) {
  auto patch = new_lease(options, now);
  patch["metadata"] = precondition(lease);
  patch["spec"]["leaseTransitions"] = transitions_of(lease) + 1;
  return patch;
}

Json renewal(const Json& lease, const std::string& now) {
  return {{"metadata", precondition(lease)}, {"spec", {{"renewTime", now}}}};
}

Json give_back(const Json& lease) {
  return {{"metadata", precondition(lease)}, {"spec", {{"holderIdentity", ""}, {"leaseDurationSeconds", 1}}}};
}

Json draw_epoch(const Json& lease, std::uint64_t epoch) {
  auto metadata = precondition(lease);
  metadata["annotations"] = {{epoch_annotation, std::to_string(epoch)}};
  return {{"metadata", metadata}};
}

}  // namespace cutline::kube
