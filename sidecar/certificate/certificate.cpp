#include "sidecar/certificate/certificate.hpp"

#include <condition_variable>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "control/http.hpp"

namespace cutline::sidecar {
namespace {

constexpr Millis kBudget{5'000};
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{15};
constexpr std::string_view kBetween = "\n#\n";  // of key and certificate in the file: never in PEM

}  // namespace

Certificate::Certificate(CertificateOptions options)
    : options_(std::move(options)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

control::IdentitySource Certificate::identity() const {
  return [current = current_] {
    const std::scoped_lock lock{current->mutex};
    return current->identity;
  };
}

Result<control::Identity> Certificate::ask() const {
  const auto token = read_file(options_.token_file, 64U << 10U);
  if (!token) return tl::unexpected(token.error());
  const auto request = control::make_request();
  if (!request) return tl::unexpected(request.error());
  const control::HttpTarget target{options_.operator_host, options_.operator_port, "/certificates", options_.authority};
  const auto answer = control::https_post(target, "Bearer " + *token, request->request, kBudget);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200)
    return fail(Code::Unavailable, "the operator answered {}: {}", answer->status, answer->body);
  if (auto left = control::remaining(answer->body); !left) return forward(left, "the operator's answer");
  return control::Identity{options_.authority, {request->key, answer->body}};
}

Result<control::Identity> Certificate::load() const {
  const auto text = read_file(options_.kept, 64U << 10U);
  if (!text) return tl::unexpected(text.error());
  const auto middle = text->find(kBetween);
  if (middle == std::string::npos) return fail(Code::Corrupt, "{} is not a kept certificate", options_.kept);
  control::Identity out{options_.authority, {text->substr(0, middle), text->substr(middle + kBetween.size())}};
  const auto left = control::remaining(out.own.certificate);
  if (!left || *left < std::chrono::hours{1}) return fail(Code::NotFound, "the kept certificate is over");
  return out;
}

std::chrono::seconds Certificate::take(control::Identity identity) {
  const auto left = control::remaining(identity.own.certificate).value_or(std::chrono::hours{1});
  const std::scoped_lock lock{current_->mutex};
  current_->identity = std::make_shared<const control::Identity>(std::move(identity));
  return std::max(std::chrono::seconds{60}, left * 2 / 3);
}

void Certificate::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  auto pause = kFirstPause;
  std::chrono::seconds wait{0};
  if (auto kept = load()) wait = take(std::move(*kept));
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock{mutex};
      (void)never.wait_for(lock, stop, wait, [] { return false; });
    }
    if (stop.stop_requested()) return;
    wait = pause;
    auto identity = ask();
    if (!identity) {
      log::warn("no certificate yet", {{"error", identity.error()}});
      pause = std::min(kLongestPause, pause * 2);
      continue;
    }
    const auto saved =
        replace_file(options_.kept, fmt::format("{}{}{}", identity->own.key, kBetween, identity->own.certificate));
    if (!saved) log::error("certificate not kept", {{"error", saved.error()}});
    wait = take(std::move(*identity));
    pause = kFirstPause;
    log::info("certificate received", {{"renew_in_s", wait.count()}});
  }
}

}  // namespace cutline::sidecar
