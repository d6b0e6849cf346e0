#include "operator/serve.hpp"

#include "base/log.hpp"

namespace cutline::op {
namespace {

using control::HttpRequest;
using control::HttpResponse;

HttpResponse admit(const HttpRequest& request, Metrics& metrics, const webhook::Settings& settings) {
  const auto reviewed = webhook::review(request.body, settings);
  if (!reviewed) return {400, "text/plain", reviewed.error().message + "\n"};
  metrics.injected(reviewed->allowed);
  return {200, "application/json", reviewed->body};
}

HttpResponse certify(const HttpRequest& request, Authority& authority) {
  constexpr std::string_view bearer = "Bearer ";
  if (!request.authorization.starts_with(bearer)) return {401, "text/plain", "a pod's token is missing\n"};
  const auto certificate = authority.issue_for_token(request.authorization.substr(bearer.size()), request.body,
                                                     Deadline::after(Millis{5000}));
  if (certificate) return {200, "application/x-pem-file", *certificate};
  log::warn("no certificate issued", {{"error", certificate.error()}});
  return {certificate.error().code == Code::Invalid ? 403 : 503, "text/plain", certificate.error().message + "\n"};
}

}  // namespace

control::HttpServer::Handler secure_handler(Authority& authority, Metrics& metrics, webhook::Settings settings) {
  return [&authority, &metrics, settings = std::move(settings)](const HttpRequest& request) -> HttpResponse {
    if (request.method != "POST") return {405, "text/plain", "POST only\n"};
    if (request.target.starts_with("/inject")) return admit(request, metrics, settings);
    if (request.target == "/certificates") return certify(request, authority);
    return {404, "text/plain", "not found\n"};
  };
}

control::HttpServer::Handler plain_handler(const Metrics& metrics, std::function<bool()> ready) {
  return [&metrics, ready = std::move(ready)](const HttpRequest& request) -> HttpResponse {
    if (request.target == "/healthz") return {200, "text/plain", "ok\n"};
    if (request.target == "/readyz")
      return ready() ? HttpResponse{200, "text/plain", "ok\n"} : HttpResponse{503, "text/plain", "not ready\n"};
    if (request.target == "/metrics") return {200, "text/plain; version=0.0.4", metrics.text()};
    return {404, "text/plain", "not found\n"};
  };
}

}  // namespace cutline::op
