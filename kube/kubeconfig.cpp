#include <yaml-cpp/yaml.h>

#include <filesystem>

#include "base/fd.hpp"
#include "kube/config.hpp"

namespace cutline::kube {
namespace {

std::string text(const YAML::Node& node, const char* field) {
  const auto value = node[field];
  return value && value.IsScalar() ? value.as<std::string>() : "";
}

// The map under `kind` of the entry that is called `name`.
Result<YAML::Node> entry(const YAML::Node& root, const char* list, const char* kind, const std::string& name) {
  for (const auto& item : root[list])
    if (text(item, "name") == name && item[kind]) return item[kind];
  return fail(Code::NotFound, "no {} called \"{}\"", kind, name);
}

Result<std::string> base64(const std::string& encoded) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0, have = 0;
  for (const char c : encoded) {
    if (c == '=' || c == '\n' || c == '\r' || c == ' ') continue;
    const auto at = letters.find(c);
    if (at == std::string_view::npos) return fail(Code::Invalid, "not base64");
    bits = ((bits << 6U) | static_cast<unsigned>(at)) & 0xFFFFU;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>((bits >> have) & 0xFFU);
  }
  return out;
}

std::string absolute(const std::string& path, const std::string& folder) {
  const std::filesystem::path given{path};
  return given.is_absolute() ? path : (std::filesystem::path{folder} / given).string();
}

// "client-key-data" (base64) wins over "client-key" (a path); both absent is empty.
Result<std::string> pem(const YAML::Node& node, const std::string& field, const std::string& folder) {
  if (const auto data = text(node, (field + "-data").c_str()); !data.empty()) {
    auto decoded = base64(data);
    if (!decoded) return forward(decoded, field + "-data");
    return decoded;
  }
  const auto path = text(node, field.c_str());
  if (path.empty()) return std::string{};
  auto content = read_file(absolute(path, folder), 1U << 20U);
  if (!content) return forward(content, field);
  return content;
}

Status read_cluster(const YAML::Node& cluster, const std::string& folder, Config& config) {
  config.server = text(cluster, "server");
  while (config.server.ends_with('/')) config.server.pop_back();
  if (config.server.empty()) return fail(Code::Invalid, "the cluster has no server");
  config.insecure_skip_tls_verify = text(cluster, "insecure-skip-tls-verify") == "true";
  auto ca = pem(cluster, "certificate-authority", folder);
  if (!ca) return tl::unexpected(ca.error());
  config.ca_pem = std::move(*ca);
  return {};
}

Status read_user(const YAML::Node& user, const std::string& folder, Config& config) {
  for (const auto* plugin : {"exec", "auth-provider"})
    if (user[plugin])
      return fail(Code::Unsupported, "the user's {} plugin is not supported: use a token or a client certificate",
                  plugin);
  config.token = text(user, "token");
  if (const auto file = text(user, "tokenFile"); !file.empty()) config.token_file = absolute(file, folder);
  auto cert = pem(user, "client-certificate", folder);
  if (!cert) return tl::unexpected(cert.error());
  auto key = pem(user, "client-key", folder);
  if (!key) return tl::unexpected(key.error());
  if (cert->empty() != key->empty())
    return fail(Code::Invalid, "the user needs both client-certificate and client-key");
  config.client_cert_pem = std::move(*cert);
  config.client_key_pem = std::move(*key);
  return {};
}

Result<Config> read_context(const YAML::Node& root, const std::string& folder, std::string_view wanted) {
  if (!root.IsMap()) return fail(Code::Invalid, "not a map");
  const auto name = wanted.empty() ? text(root, "current-context") : std::string{wanted};
  if (name.empty()) return fail(Code::NotFound, "no current-context");
  const auto context = entry(root, "contexts", "context", name);
  if (!context) return tl::unexpected(context.error());
  const auto cluster = entry(root, "clusters", "cluster", text(*context, "cluster"));
  if (!cluster) return tl::unexpected(cluster.error());
  Config config;
  if (const auto ns = text(*context, "namespace"); !ns.empty()) config.default_namespace = ns;
  if (auto read = read_cluster(*cluster, folder, config); !read) return tl::unexpected(read.error());
  const auto user_name = text(*context, "user");
  if (user_name.empty()) return config;
  const auto user = entry(root, "users", "user", user_name);
  if (!user) return tl::unexpected(user.error());
  if (auto read = read_user(*user, folder, config); !read) return tl::unexpected(read.error());
  return config;
}

}  // namespace

Result<Config> parse_kubeconfig(const std::string& yaml, const std::string& folder, std::string_view context) {
  try {
    auto config = read_context(YAML::Load(yaml), folder, context);
    if (!config) return forward(config, "kubeconfig");
    return config;
  } catch (const YAML::Exception& error) {
    return fail(Code::Invalid, "kubeconfig: {}", error.what());
  }
}

Result<Config> from_kubeconfig(const std::string& path, std::string_view context) {
  const auto content = read_file(path, 8U << 20U);
  if (!content) return forward(content, "kubeconfig");
  auto config = parse_kubeconfig(*content, std::filesystem::path{path}.parent_path().string(), context);
  if (!config) return forward(config, path);
  return config;
}

}  // namespace cutline::kube
