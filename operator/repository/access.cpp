#include "operator/repository/access.hpp"

#include "operator/api/resources.hpp"
#include "operator/repository/server_plan.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::op::repository {
namespace {

// A key of a Secret; `what`: for messages.
Result<std::string> key_of_secret(const Json& secret, const std::string& key, std::string_view what) {
  const auto data = secret.value("data", Json::object());
  const auto name = kube::key_of(secret).name;
  if (!data.contains(key) || !data.at(key).is_string())
    return fail(Code::Invalid, "the Secret {} ({}) has no key {}", name, what, key);
  auto value = from_base64(data.at(key).get<std::string>());
  if (!value || value->empty()) return fail(Code::Invalid, "the Secret {} ({}) has nothing under {}", name, what, key);
  return value;
}

// Written by hand, it often ends with a new line.
std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

std::string without_slash(std::string text) {
  while (!text.empty() && text.back() == '/') text.pop_back();
  return text;
}

std::string url_of(const Json& repository) {
  auto out = fmt::format("s3:{}/{}", without_slash(kube::string_at(repository, "/spec/s3/endpoint")),
                         kube::string_at(repository, "/spec/s3/bucket"));
  const auto prefix = without_slash(kube::string_at(repository, "/spec/s3/prefix"));
  return prefix.empty() ? out : out + '/' + prefix;
}

std::string named(const Json& repository, const char* pointer, const char* otherwise) {
  auto key = kube::string_at(repository, pointer);
  return key.empty() ? otherwise : key;
}

}  // namespace

SecretNames secret_names(const Json& repository) {
  const auto credentials = is_on_volume(repository) ? server_name(kube::key_of(repository).name)
                                                    : kube::string_at(repository, "/spec/s3/credentialsSecretRef/name");
  return {credentials, kube::string_at(repository, "/spec/passwordSecretRef/name"),
          kube::string_at(repository, "/spec/s3/caSecretRef/name")};
}

Result<protocol::Repository> repository_from(const Json& repository, const Json& credentials, const Json& password,
                                             const Json& authority) {
  protocol::Repository out;
  const bool on_volume = is_on_volume(repository);
  if (!on_volume) out.url = url_of(repository);
  out.region = kube::string_at(repository, "/spec/s3/region");
  out.limit = repository.value(Json::json_pointer("/spec/uploadLimitKiB"), std::uint32_t{0});
  const auto take = [](std::string& to, const Json& secret, const std::string& key,
                       std::string_view what) -> cutline::Status {
    auto value = key_of_secret(secret, key, what);
    if (!value) return tl::unexpected(value.error());
    to = trimmed(*std::move(value));
    return {};
  };
  if (auto taken = take(out.password, password, named(repository, "/spec/passwordSecretRef/key", "password"),
                        "spec.passwordSecretRef");
      !taken)
    return tl::unexpected(taken.error());
  if (on_volume) {
    for (const auto& [to, key] : {std::pair{&out.url, "url"}, std::pair{&out.access_key, "user"},
                                  std::pair{&out.secret_key, "password"}, std::pair{&out.authority, "ca.crt"}})
      if (auto taken = take(*to, credentials, key, "of the volume's server"); !taken)
        return tl::unexpected(taken.error());
  } else if (!credentials.is_null()) {
    for (const auto& [to, key] :
         {std::pair{&out.access_key, "accessKeyId"}, std::pair{&out.secret_key, "secretAccessKey"}})
      if (auto taken = take(*to, credentials, key, "spec.s3.credentialsSecretRef"); !taken)
        return tl::unexpected(taken.error());
  }
  if (!authority.is_null())
    if (auto taken = take(out.authority, authority, named(repository, "/spec/s3/caSecretRef/key", "ca.crt"),
                          "spec.s3.caSecretRef");
        !taken)
      return tl::unexpected(taken.error());
  return out;
}

Result<protocol::Repository> read_access(kube::Client& client, const Json& repository, Deadline deadline) {
  const auto names = secret_names(repository);
  std::array<Json, 3> secrets;
  std::size_t at = 0;
  for (const auto& name : {names.credentials, names.password, names.authority}) {
    auto& secret = secrets.at(at++);
    if (name.empty()) continue;
    auto found = client.get(kSecrets, {kube::key_of(repository).ns, name}, deadline);
    if (!found && found.error().code == Code::NotFound)
      return fail(Code::NotFound, "there is no Secret {} in this namespace", name);
    if (!found) return tl::unexpected(found.error().in("Secret " + name));
    secret = *std::move(found);
  }
  return repository_from(repository, secrets[0], secrets[1], secrets[2]);
}

}  // namespace cutline::op::repository
