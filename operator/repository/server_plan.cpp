#include "operator/repository/server_plan.hpp"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "operator/api/resources.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::op::repository {
namespace {

using Pointer = Json::json_pointer;

constexpr const char* kUser = "cutline";
constexpr const char* kData = "/data";
constexpr const char* kKeys = "/keys";
constexpr int kNobody = 65532;
constexpr std::chrono::hours kValidity{24 * 365};

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hex(digest.data(), digest.size());
}

std::string new_password() {
  std::array<unsigned char, 32> random{};
  if (RAND_bytes(random.data(), random.size()) != 1) throw std::runtime_error("no random bytes");
  return hex(random.data(), random.size());
}

std::string name_of(const Json& repository) { return server_name(kube::key_of(repository).name); }
Json selector(const Json& repository) { return {{kRepositoryLabel, name_of(repository)}}; }

Json labels(const Json& repository) {
  Json out = {{"app.kubernetes.io/name", "cutline"},
              {"app.kubernetes.io/component", "repository"},
              {"app.kubernetes.io/managed-by", "cutline-operator"}};
  out.update(selector(repository));
  return out;
}

Json object(const char* version, const char* kind, const Json& repository) {
  const Json owner = {{"apiVersion", "cutline.dev/v1alpha1"},
                      {"kind", "SnapshotRepository"},
                      {"name", kube::key_of(repository).name},
                      {"uid", kube::uid_of(repository)},
                      {"controller", true}};
  return {{"apiVersion", version},
          {"kind", kind},
          {"metadata",
           {{"namespace", kube::key_of(repository).ns},
            {"name", name_of(repository)},
            {"labels", labels(repository)},
            {"ownerReferences", Json::array({owner})}}}};
}

std::string text_of(const Json& secret, const char* key) {
  return from_base64(kube::string_at(secret, std::string{"/data/"} + key)).value_or("");
}

std::string url_of(const std::string& address) {
  const bool six = address.find(':') != std::string::npos;
  return fmt::format("rest:https://{}{}{}:{}/", six ? "[" : "", address, six ? "]" : "", kServerPort);
}

// The folder of a node is its root's; a volume is its group's.
Json pod_security(bool of_node) {
  Json out = {{"runAsNonRoot", !of_node},
              {"runAsUser", of_node ? 0 : kNobody},
              {"runAsGroup", of_node ? 0 : kNobody},
              {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  if (!of_node) out.update({{"fsGroup", kNobody}, {"fsGroupChangePolicy", "OnRootMismatch"}});
  return out;
}

Json probe(int period, int failures) {
  return {{"httpGet", {{"path", "/metrics"}, {"port", "repository"}, {"scheme", "HTTPS"}}},
          {"periodSeconds", period},
          {"timeoutSeconds", 5},
          {"failureThreshold", failures}};
}

Json container(const ServerImage& image, const std::string& sub_path) {
  Json data = {{"name", "data"}, {"mountPath", kData}};
  if (!sub_path.empty()) data["subPath"] = sub_path;
  return {
      {"name", "repository"},
      {"image", image.name},
      {"imagePullPolicy", image.pull_policy},
      {"command", server_command("/restic-rest-server", fmt::format(":{}", kServerPort), kData, kKeys)},
      {"ports", {{{"name", "repository"}, {"containerPort", kServerPort}}}},
      {"startupProbe", probe(1, 60)},
      {"readinessProbe", probe(5, 2)},
      {"livenessProbe", probe(30, 4)},
      {"terminationMessagePolicy", "FallbackToLogsOnError"},
      {"resources", {{"requests", {{"cpu", "10m"}, {"memory", "32Mi"}}}, {"limits", {{"memory", "256Mi"}}}}},
      {"securityContext",
       {{"allowPrivilegeEscalation", false}, {"readOnlyRootFilesystem", true}, {"capabilities", {{"drop", {"ALL"}}}}}},
      {"volumeMounts", {data, {{"name", "keys"}, {"mountPath", kKeys}, {"readOnly", true}}}}};
}

Json volumes(const Json& repository) {
  Json data = {{"name", "data"}};
  const auto path = kube::string_at(repository, "/spec/volume/path");
  if (const auto folder = kube::string_at(repository, "/spec/volume/hostPath"); !folder.empty())
    data["hostPath"] = {{"path", path.empty() ? folder : folder + '/' + path}, {"type", "DirectoryOrCreate"}};
  else
    data["persistentVolumeClaim"] = {{"claimName", kube::string_at(repository, "/spec/volume/claimName")}};
  Json items = Json::array();
  for (const auto* key : {"tls.crt", "tls.key", "htpasswd"}) items.push_back({{"key", key}, {"path", key}});
  return {
      data,
      {{"name", "keys"}, {"secret", {{"secretName", name_of(repository)}, {"items", items}, {"defaultMode", 0440}}}}};
}

Json on_node(const std::string& node) {
  const auto fields = Json::array({{{"key", "metadata.name"}, {"operator", "In"}, {"values", Json::array({node})}}});
  return {{"nodeAffinity",
           {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", {{{"matchFields", fields}}}}}}}}};
}

}  // namespace

bool is_on_volume(const Json& repository) { return repository.contains(Pointer{"/spec/volume"}); }

// A Service's name is a label of DNS; an object's may be longer, and have dots.
std::string server_name(const std::string& repository) {
  constexpr std::size_t most = 40;
  auto readable = repository.substr(0, most);
  std::ranges::replace(readable, '.', '-');
  return "repository-" + (readable == repository ? readable : readable + '-' + sha256(repository).substr(0, 8));
}

std::vector<std::string> server_command(const std::string& program, const std::string& listen, const std::string& data,
                                        const std::string& secret) {
  return {program,
          "--listen",
          listen,
          "--path",
          data,
          "--htpasswd-file",
          secret + "/htpasswd",
          "--tls",
          "--tls-cert",
          secret + "/tls.crt",
          "--tls-key",
          secret + "/tls.key",
          "--prometheus",
          "--prometheus-no-auth"};  // what probes can ask for
}

// A hash that could be tried out quickly serves: the password is 256 random bits.
std::string htpasswd(const std::string& user, const std::string& password) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(password.data()), password.size(), digest.data());
  return fmt::format("{}:{{SHA}}{}\n", user, base64({reinterpret_cast<const char*>(digest.data()), digest.size()}));
}

Json server_service(const Json& repository) {
  auto out = object("v1", "Service", repository);
  out["spec"] = {
      {"selector", selector(repository)},
      {"ports", {{{"name", "repository"}, {"port", kServerPort}, {"protocol", "TCP"}, {"targetPort", "repository"}}}}};
  return out;
}

bool is_current(const Json& secret, const ServerNeeds& needs) {
  const auto left = control::remaining(text_of(secret, "tls.crt"));
  return left && *left > kValidity / 3 && text_of(secret, "ca.crt") == needs.authority &&
         text_of(secret, "url") == url_of(needs.address) && !text_of(secret, "tls.key").empty() &&
         !text_of(secret, "password").empty() &&
         text_of(secret, "htpasswd") == htpasswd(text_of(secret, "user"), text_of(secret, "password"));
}

control::LeafRequest server_certificate(const Json& repository, const std::string& address) {
  const auto key = kube::key_of(repository);
  return {.identity = fmt::format("cutline://repository/{}/{}", key.ns, key.name),
          .dns_names = {fmt::format("{}.{}.svc", server_name(key.name), key.ns)},
          .validity = kValidity,
          .addresses = {address}};
}

Json server_secret(const Json& repository, const ServerNeeds& needs, const control::KeyAndCertificate& own,
                   const Json& earlier) {
  auto password = text_of(earlier, "password");
  if (password.empty()) password = new_password();
  auto out = object("v1", "Secret", repository);
  out["type"] = "Opaque";
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, std::string>>{{"tls.crt", own.certificate},
                                                                  {"tls.key", own.key},
                                                                  {"ca.crt", needs.authority},
                                                                  {"url", url_of(needs.address)},
                                                                  {"user", kUser},
                                                                  {"password", password},
                                                                  {"htpasswd", htpasswd(kUser, password)}})
    out["data"][key] = base64(value);
  return out;
}

Json server_deployment(const Json& repository, const ServerImage& image, const Json& secret) {
  auto out = object("apps/v1", "Deployment", repository);
  const bool of_node = repository.contains(Pointer{"/spec/volume/hostPath"});
  Json pod = {{"automountServiceAccountToken", false},
              {"enableServiceLinks", false},
              {"terminationGracePeriodSeconds", 10},
              {"securityContext", pod_security(of_node)},
              {"containers", {container(image, of_node ? "" : kube::string_at(repository, "/spec/volume/path"))}},
              {"volumes", volumes(repository)}};
  if (const auto node = kube::string_at(repository, "/spec/volume/nodeName"); !node.empty())
    pod["affinity"] = on_node(node);
  const Json template_ = {
      {"metadata",
       {{"labels", labels(repository)},
        {"annotations", {{"cutline.dev/secret", sha256(secret.value("data", Json::object()).dump())}}}}},
      {"spec", std::move(pod)}};
  out["spec"] = {{"replicas", 1},
                 {"revisionHistoryLimit", 1},
                 {"strategy", {{"type", "Recreate"}}},  // one at a time has the volume
                 {"selector", {{"matchLabels", selector(repository)}}},
                 {"template", template_}};
  return out;
}

}  // namespace cutline::op::repository
