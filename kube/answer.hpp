// What an HTTP answer means: the status mapped to our codes, the server's own words, its Retry-After. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "kube/resource.hpp"

namespace cutline::kube {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // with its query
  std::string body;
  std::string content_type;  // of the body; empty: no body
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::string retry_after;  // the header as it came
};

[[nodiscard]] Code code_of(int http_status);
// The `message` of a metav1.Status, else the first of the text.
[[nodiscard]] std::string message_of(std::string_view body);
// Seconds only (the API server never sends dates); at most an hour. None: absent or not a number.
[[nodiscard]] std::optional<Millis> retry_after(const HttpResponse& response);

// The error of an answer that is not 2xx.
[[nodiscard]] Error error_of(const HttpRequest& request, const HttpResponse& response);
// The object of a 2xx, else an error.
[[nodiscard]] Result<Json> json_of(const HttpRequest& request, const HttpResponse& response);

}  // namespace cutline::kube
