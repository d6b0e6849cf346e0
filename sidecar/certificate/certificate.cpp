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
  if (answer->status != 200) return fail(Code::Unavailable, "the operator answered {}: {}", answer->status, answer->body);
  return control::Identity{options_.authority, {request->key, answer->body}};
}

void Certificate::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  auto pause = kFirstPause;
  while (!stop.stop_requested()) {
    std::chrono::seconds wait = pause;
    if (auto identity = ask()) {
      const auto left = control::remaining(identity->own.certificate).value_or(std::chrono::hours{1});
      wait = std::max(std::chrono::seconds{60}, left * 2 / 3);
      pause = kFirstPause;
      const std::scoped_lock lock{current_->mutex};
      current_->identity = std::make_shared<const control::Identity>(std::move(*identity));
      log::info("certificate received", {{"renew_in_s", wait.count()}});
    } else {
      log::warn("no certificate yet", {{"error", identity.error()}});
      pause = std::min(kLongestPause, pause * 2);
    }
    std::unique_lock lock{mutex};
    (void)never.wait_for(lock, stop, wait, [] { return false; });
  }
}

}  // namespace cutline::sidecar
