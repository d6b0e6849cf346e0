// The certificates and keys of a throw-away API server, made with the openssl program.
#pragma once

#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"

namespace cutline::test {

// Paths of PEM files.
struct Certificates {
  std::string ca;
  std::string server, server_key;  // for 127.0.0.1, localhost and kubernetes.default.svc
  std::string admin, admin_key;    // group system:masters
  std::string service_account_key, service_account_public;
};

[[nodiscard]] Result<Certificates> make_certificates(const std::string& folder, Deadline deadline);

// Another client's certificate, from the same authority: `user`, in no group. {certificate, key}
[[nodiscard]] Result<std::pair<std::string, std::string>> make_client(const std::string& folder,
                                                                      const std::string& user, Deadline deadline);

}  // namespace cutline::test
