#include "operator/webhook/review.hpp"

#include "operator/webhook/base64.hpp"

namespace cutline::op::webhook {

Result<Review> review(const std::string& body, const Settings& settings) {
  const auto request = Json::parse(body, nullptr, false);
  const auto where = Json::json_pointer("/request/object");
  if (!request.is_object() || !request.contains(where))
    return fail(Code::Invalid, "not an AdmissionReview with an object");
  const auto& pod = request.at(where);
  Json response = {{"uid", kube::string_at(request, "/request/uid")}};
  const auto injected = inject(pod, settings);
  response["allowed"] = injected.has_value();
  if (injected) {
    if (!injected->warnings.empty()) response["warnings"] = injected->warnings;
    response["patchType"] = "JSONPatch";
    response["patch"] = base64(Json::diff(pod, injected->pod).dump());
  } else {
    response["status"] = {{"code", 422}, {"reason", "Invalid"}, {"message", "cutline: " + injected.error().message}};
  }
  const Json out = {
      {"apiVersion", "admission.k8s.io/v1"}, {"kind", "AdmissionReview"}, {"response", std::move(response)}};
  return Review{out.dump(), injected.has_value()};
}

}  // namespace cutline::op::webhook
