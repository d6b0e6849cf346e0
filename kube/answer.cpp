#include "kube/answer.hpp"

#include <charconv>

namespace cutline::kube {

Code code_of(int http_status) {
  switch (http_status) {
    case 400:
    case 413:
    case 422:
      return Code::Invalid;
    case 404:
      return Code::NotFound;
    case 409:
    case 410:
    case 412:
      return Code::Conflict;
    case 401:
    case 429:
      return Code::Unavailable;
    case 403:
    case 405:
    case 406:
    case 415:
      return Code::Unsupported;
    default:
      return http_status >= 500 ? Code::Unavailable : Code::Internal;
  }
}

std::string message_of(std::string_view body) {
  constexpr std::size_t longest = 1024;
  const auto json = Json::parse(body, nullptr, false);
  if (auto message = string_at(json, "/message"); !message.empty()) return message.substr(0, longest);
  return std::string{body.substr(0, std::min(body.find('\n'), longest))};
}

std::optional<Millis> retry_after(const HttpResponse& response) {
  std::int64_t seconds = 0;
  const auto* begin = response.retry_after.data();
  const auto* end = begin + response.retry_after.size();
  const auto [stop, error] = std::from_chars(begin, end, seconds);
  if (error != std::errc{} || stop != end || seconds < 0) return std::nullopt;
  return std::min(Millis{std::chrono::seconds{seconds}}, Millis{std::chrono::hours{1}});
}

Error error_of(const HttpRequest& request, const HttpResponse& response) {
  return {code_of(response.status),
          fmt::format("{} {}: {} (HTTP {})", request.method, request.path, message_of(response.body), response.status)};
}

Result<Json> json_of(const HttpRequest& request, const HttpResponse& response) {
  if (response.status < 200 || response.status > 299) return tl::unexpected(error_of(request, response));
  auto json = Json::parse(response.body, nullptr, false);
  if (!json.is_object())
    return fail(Code::Corrupt, "{} {}: the answer is not a JSON object", request.method, request.path);
  return json;
}

}  // namespace cutline::kube
