#include "operator/pods/pod.hpp"

#include "operator/api/resources.hpp"

namespace cutline::op {
namespace {

using kube::Json;
using Pointer = Json::json_pointer;

}  // namespace

Pod read_pod(const Json& object) {
  Pod out;
  out.uid = PodUid{kube::uid_of(object)};
  out.name = kube::key_of(object).name;
  out.generate_name = kube::string_at(object, "/metadata/generateName");
  out.node = kube::string_at(object, "/spec/nodeName");
  for (const auto& ip : kube::list_at(object, "/status/podIPs")) out.addresses.push_back(ip.value("ip", ""));
  out.labels = object.value(Pointer{"/metadata/labels"}, Json::object());
  out.asks = out.labels.value(kInjectLabel, "") == "true";
  for (const auto& container : kube::list_at(object, "/spec/initContainers"))
    out.injected |= container.value("name", "") == "cutline-sidecar";
  for (const auto& status : kube::list_at(object, "/status/initContainerStatuses"))
    if (status.value("name", "") == "cutline-sidecar")
      out.sidecar_ready = status.value("started", false) || status.value("ready", false);
  for (const auto& status : kube::list_at(object, "/status/containerStatuses"))
    if (!status.contains(Pointer{"/state/running"})) out.not_running.push_back(status.value("name", ""));
  const auto phase = kube::string_at(object, "/status/phase");
  out.ending = kube::is_being_deleted(object) || phase == "Succeeded" || phase == "Failed";
  return out;
}

}  // namespace cutline::op
