#include "operator/rounds/local_checkpoint.hpp"

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/context.hpp"

namespace cutline::op {

cutline::Status make_local_checkpoint(kube::Client& client, const Json& checkpoint, Deadline deadline) {
  const auto made = client.create(kCheckpoints, checkpoint, deadline);
  if (!made && made.error().code != Code::Conflict) return tl::unexpected(made.error());
  const auto& spec = checkpoint.at("spec");
  Json status = {{"status", {{"kept", {{{"node", spec.at("node")}}}}, {"storedBytes", spec.at("bytes")}}}};
  set_condition(status, {"Local", true, "OnNode", "in the pod's own volume"}, now_text());
  set_condition(status, {"Durable", false, "OnNode", "it goes with the pod"}, now_text());
  const auto written = client.merge_patch(kCheckpoints, kube::key_of(checkpoint), status, deadline, "status");
  return written ? cutline::Status{} : tl::unexpected(written.error());
}

}  // namespace cutline::op
