#include <cstdlib>
#include <filesystem>

#include "base/fd.hpp"
#include "kube/config.hpp"

namespace cutline::kube {
namespace {

constexpr const char* account = "/var/run/secrets/kubernetes.io/serviceaccount";

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string first_existing(const std::string& list) {
  for (std::size_t from = 0; from <= list.size();) {
    const auto to = std::min(list.find(':', from), list.size());
    const auto path = list.substr(from, to - from);
    if (!path.empty() && std::filesystem::exists(path)) return path;
    from = to + 1;
  }
  return "";
}

}  // namespace

Result<Config> in_cluster() {
  const auto host = env("KUBERNETES_SERVICE_HOST");
  const auto port = env("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty())
    return fail(Code::NotFound, "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  Config config;
  // The transport cannot take IPv6 literals; the server's certificate always carries this name.
  const bool literal6 = host.find(':') != std::string::npos;
  config.server = fmt::format("https://{}:{}", literal6 ? "kubernetes.default.svc" : host, port);
  config.token_file = fmt::format("{}/token", account);
  auto ca = read_file(fmt::format("{}/ca.crt", account), 1U << 20U);
  if (!ca) return forward(ca, "the service account's CA");
  config.ca_pem = std::move(*ca);
  if (auto ns = read_file(fmt::format("{}/namespace", account), 1024)) config.default_namespace = std::move(*ns);
  return config;
}

Result<Config> discover(std::string_view context) {
  if (const auto list = env("KUBECONFIG"); !list.empty()) {
    const auto path = first_existing(list);
    if (path.empty()) return fail(Code::NotFound, "KUBECONFIG={}: no such file", list);
    return from_kubeconfig(path, context);
  }
  if (context.empty()) {
    auto pod = in_cluster();
    if (pod || pod.error().code != Code::NotFound) return pod;
  }
  const auto home = env("HOME") + "/.kube/config";
  if (std::filesystem::exists(home)) return from_kubeconfig(home, context);
  return fail(Code::NotFound, "no cluster: set KUBECONFIG, or run in a pod, or write {}", home);
}

}  // namespace cutline::kube
