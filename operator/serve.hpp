// What the operator answers over HTTP: the webhook and certificate requests on one port, health and metrics on another.
#pragma once

#include "control/http.hpp"
#include "operator/authority/authority.hpp"
#include "operator/metrics.hpp"
#include "operator/webhook/review.hpp"

namespace cutline::op {

// POST /inject (AdmissionReview) and POST /certificates (a signing request, the pod's token as bearer).
[[nodiscard]] control::HttpServer::Handler secure_handler(Authority& authority, Metrics& metrics,
                                                          webhook::Settings settings);

// GET /healthz, /readyz, /metrics.
[[nodiscard]] control::HttpServer::Handler plain_handler(const Metrics& metrics, std::function<bool()> ready);

}  // namespace cutline::op
