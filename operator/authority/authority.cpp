#include "operator/authority/authority.hpp"

#include "base/log.hpp"
#include "operator/api/resources.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::op {
namespace {

using kube::Json;

constexpr std::chrono::hours kAuthorityValidity{24 * 365 * 10};
constexpr const char* kAudience = "cutline.dev";

Result<control::KeyAndCertificate> read(const Json& secret) {
  const auto key = from_base64(kube::string_at(secret, "/data/tls.key"));
  const auto certificate = from_base64(kube::string_at(secret, "/data/tls.crt"));
  if (!key || !certificate || key->empty() || certificate->empty())
    return fail(Code::Unavailable, "Secret {} holds no tls.key and tls.crt yet", kube::to_string(kube::key_of(secret)));
  return control::KeyAndCertificate{*key, *certificate};
}

Result<Json> make(kube::Client& client, const AuthorityOptions& options, Deadline deadline) {
  const auto pair = control::make_authority("cutline", kAuthorityValidity);
  if (!pair) return tl::unexpected(pair.error());
  const Json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"type", "kubernetes.io/tls"},
                       {"metadata", {{"namespace", options.ns}, {"name", options.secret}}},
                       {"data", {{"tls.crt", base64(pair->certificate)}, {"tls.key", base64(pair->key)}}}};
  auto made = client.create(kSecrets, secret, deadline);
  if (!made && made.error().code == Code::Conflict) return client.get(kSecrets, {options.ns, options.secret}, deadline);
  return made;
}

std::string extra(const Json& review, const char* name) {
  const auto list = review.value(Json::json_pointer("/status/user/extra"), Json::object()).value(name, Json::array());
  return list.empty() ? std::string{} : list.front().get<std::string>();
}

}  // namespace

Result<std::unique_ptr<Authority>> Authority::open(kube::Client& client, AuthorityOptions options, Deadline deadline) {
  auto secret = client.get(kSecrets, {options.ns, options.secret}, deadline);
  if (!secret && secret.error().code == Code::NotFound) secret = make(client, options, deadline);
  if (!secret) return forward(secret, "authority");
  auto pair = read(*secret);
  if (!pair) return tl::unexpected(pair.error());
  std::unique_ptr<Authority> out{new Authority{client, std::move(options), std::move(*pair)}};
  if (auto renewed = out->renew(); !renewed) return tl::unexpected(renewed.error());
  return out;
}

control::IdentitySource Authority::identity() const {
  return [current = current_] {
    const std::scoped_lock lock{current->mutex};
    return current->identity;
  };
}

std::string Authority::host() const { return fmt::format("{}.{}.svc", options_.service, options_.ns); }

Status Authority::renew() {
  auto own = control::issue(
      pair_,
      {control::kOperatorIdentity, {host(), host() + ".cluster.local", options_.service}, options_.leaf_validity});
  if (!own) return tl::unexpected(own.error());
  const std::scoped_lock lock{current_->mutex};
  current_->identity = std::make_shared<const control::Identity>(control::Identity{pair_.certificate, std::move(*own)});
  return {};
}

Status Authority::trust_webhook(Deadline deadline) {
  auto found = client_.get(kWebhooks, {"", options_.webhook}, deadline);
  if (!found) return forward(found, "webhook");
  const auto bundle = base64(pair_.certificate);
  bool changed = false;
  for (auto& webhook : (*found)["webhooks"]) {
    changed |= webhook["clientConfig"].value("caBundle", "") != bundle;
    webhook["clientConfig"]["caBundle"] = bundle;
  }
  if (!changed) return {};
  const Json patch = {{"metadata", {{"resourceVersion", kube::resource_version_of(*found)}}},
                      {"webhooks", (*found)["webhooks"]}};
  auto written = client_.merge_patch(kWebhooks, {"", options_.webhook}, patch, deadline);
  if (!written && written.error().code != Code::Conflict) return forward(written, "webhook");
  return {};
}

Status Authority::maintain(Deadline deadline) {
  const auto left = control::remaining(identity()()->own.certificate);
  if (!left || *left < options_.leaf_validity / 3)
    if (auto renewed = renew(); !renewed) return renewed;
  return trust_webhook(deadline);
}

Result<std::string> Authority::issue_for_token(const std::string& token, const std::string& request,
                                               Deadline deadline) {
  const Json question = {{"apiVersion", "authentication.k8s.io/v1"},
                         {"kind", "TokenReview"},
                         {"spec", {{"token", token}, {"audiences", {kAudience}}}}};
  const auto review = client_.post_raw("/apis/authentication.k8s.io/v1/tokenreviews", question, deadline);
  if (!review) return forward(review, "token review");
  const auto uid = extra(*review, "authentication.kubernetes.io/pod-uid");
  if (!review->value(Json::json_pointer("/status/authenticated"), false) || uid.empty())
    return fail(Code::Invalid, "the token is no pod's for audience {}: {}", kAudience,
                kube::string_at(*review, "/status/error"));
  log::info("certificate issued", {{"pod", extra(*review, "authentication.kubernetes.io/pod-name")}, {"uid", uid}});
  return control::sign(pair_, request, {control::pod_identity(PodUid{uid}), {}, options_.leaf_validity});
}

}  // namespace cutline::op
