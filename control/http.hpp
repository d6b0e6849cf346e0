// A small HTTP(S) server for what is not the control channel: the admission webhook, certificate requests, health and
// metrics. Bounded bodies, a total time for each request, keep-alive, a few threads on which the handler may block.
#pragma once

#include <functional>
#include <memory>

#include "control/identity.hpp"

namespace cutline::control {

struct HttpRequest {
  std::string method;
  std::string target;
  std::string authorization;  // the header, or empty
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain";
  std::string body;
};

struct HttpOptions {
  std::uint16_t port = 0;   // 0: any free one
  IdentitySource identity;  // null function: plain HTTP
  std::size_t body_limit = 3U << 20U;
  Millis request_budget{10'000};
  int threads = 2;
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;  // called concurrently

  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, Handler handler);
  ~HttpServer();
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One HTTPS POST to a server that must prove itself to `authority` for `host`; used by a sidecar that asks for its
// certificate.
struct HttpTarget {
  std::string host;
  std::uint16_t port = 443;
  std::string path;
  std::string authority;  // PEM
};
[[nodiscard]] Result<HttpResponse> https_post(const HttpTarget& target, const std::string& authorization,
                                              const std::string& body, Millis budget);

// One plain GET, for health checks.
[[nodiscard]] Result<HttpResponse> http_get(const std::string& host, std::uint16_t port, const std::string& path,
                                            Millis budget);

}  // namespace cutline::control
