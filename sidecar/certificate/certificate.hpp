// This sidecar's certificate: its key never leaves; the operator signs for the pod that the mounted token is of.
// Renewed after two thirds of its time.
//
// Kept in a file of the sidecar's own volume: a sidecar that starts again behind a closed gate could not ask for
// another, and the operator could not tell it to go on.
#pragma once

#include <mutex>
#include <thread>

#include "control/identity.hpp"

namespace cutline::sidecar {

struct CertificateOptions {
  std::string operator_host;  // "cutline-operator.cutline-system.svc"
  std::uint16_t operator_port = 443;
  std::string authority;  // PEM
  std::string token_file = "/var/run/secrets/cutline/token";
  std::string kept;  // the file
};

class Certificate {
 public:
  // Asks in the background until there is one, and again in time.
  explicit Certificate(CertificateOptions options);

  // Null until the first is there.
  [[nodiscard]] control::IdentitySource identity() const;

 private:
  struct Current {
    std::mutex mutex;
    std::shared_ptr<const control::Identity> identity;
  };
  void run(const std::stop_token& stop);
  [[nodiscard]] Result<control::Identity> ask() const;
  [[nodiscard]] Result<control::Identity> load() const;
  std::chrono::seconds take(control::Identity identity);  // returns when to renew

  CertificateOptions options_;
  std::shared_ptr<Current> current_ = std::make_shared<Current>();
  std::jthread thread_;
};

}  // namespace cutline::sidecar
