// Where the API server is and how to prove who we are. Values; the functions read files and the environment, nothing
// else.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cutline::kube {

struct Config {
  std::string server;           // "https://127.0.0.1:6443", no trailing slash
  std::string ca_pem;           // the only authorities trusted; empty: the system's
  std::string client_cert_pem;  // with client_key_pem, or both empty
  std::string client_key_pem;
  std::string token;       // a fixed bearer token, or
  std::string token_file;  // one that rotates: read again each minute, and once on a 401
  bool insecure_skip_tls_verify = false;
  std::string default_namespace = "default";  // the context's, or the pod's own
};

// A pod's own service account: KUBERNETES_SERVICE_HOST/PORT and /var/run/secrets/kubernetes.io/serviceaccount.
// NotFound outside a pod.
[[nodiscard]] Result<Config> in_cluster();

// The current context of a kubeconfig file (or of `context`). Relative paths in it are relative to the file.
// NotFound: no such file, context, cluster or user. Invalid: not a kubeconfig. Unsupported: exec and auth-provider
// plugins.
[[nodiscard]] Result<Config> from_kubeconfig(const std::string& path, std::string_view context = "");

// The same for text; `folder` is what relative paths in it start from.
[[nodiscard]] Result<Config> parse_kubeconfig(const std::string& yaml, const std::string& folder,
                                              std::string_view context = "");

// $KUBECONFIG (the first existing file of its list), else in_cluster(), else ~/.kube/config. A `context` is one of a
// file, never of a pod.
[[nodiscard]] Result<Config> discover(std::string_view context = "");

}  // namespace cutline::kube
