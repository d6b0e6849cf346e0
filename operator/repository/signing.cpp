#include "operator/repository/signing.hpp"

#include "base/log.hpp"
#include "operator/api/resources.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::op::repository {
namespace {

using kube::Json;
namespace r = cutline::repository;

constexpr const char* kPrivate = "ed25519.key";
constexpr const char* kPublic = "ed25519.pub";

std::string text_at(const Json& data, const std::string& key) {
  const auto text = from_base64(data.value(key, ""));
  if (!text) return {};
  return text->substr(0, text->find_last_not_of(" \r\n") + 1);
}

Result<Json> make(kube::Client& client, const kube::Key& key, Deadline deadline) {
  const auto pair = r::make_key();
  const Json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"type", "Opaque"},
                       {"metadata", {{"namespace", key.ns}, {"name", key.name}}},
                       {"data", {{kPrivate, base64(r::hex(pair.secret))}, {kPublic, base64(r::hex(pair.open))}}}};
  auto made = client.create(kSecrets, secret, deadline);
  if (!made && made.error().code == Code::Conflict) return client.get(kSecrets, key, deadline);
  return made;
}

}  // namespace

Result<Signing> read_signing(const Json& secret) {
  const auto data = secret.value("data", Json::object());
  const auto key = r::signing_key(text_at(data, kPrivate));
  if (!key)
    return fail(Code::Corrupt, "the Secret {} holds no {} to sign with", kube::to_string(kube::key_of(secret)),
                kPrivate);
  Signing out{*key, {key->open}};
  for (const auto& [name, value] : data.items()) {
    if (!name.ends_with(".pub") || name == kPublic) continue;
    if (const auto other = r::public_key(text_at(data, name)))
      out.trusted.push_back(*other);
    else
      log::warn("no public key, not trusted", {{"secret", kube::to_string(kube::key_of(secret))}, {"key", name}});
  }
  return out;
}

Result<Signing> open_signing(kube::Client& client, const kube::Key& key, Deadline deadline) {
  auto secret = client.get(kSecrets, key, deadline);
  if (!secret && secret.error().code == Code::NotFound) secret = make(client, key, deadline);
  if (!secret) return forward(secret, "signing key");
  return read_signing(*secret);
}

}  // namespace cutline::op::repository
