// The installation's certificate authority: made once and kept in a Secret, or made there by cert-manager. From it come
// the operator's own certificate (webhook and control channel), renewed while it runs, and the sidecars' ones, for
// which their tokens vouch.
#pragma once

#include <mutex>

#include "control/identity.hpp"
#include "kube/client.hpp"

namespace cutline::op {

struct AuthorityOptions {
  std::string ns;
  std::string secret = "cutline-authority";
  std::string service = "cutline-operator";  // its DNS names stand in the operator's certificate
  std::string webhook = "cutline";           // the MutatingWebhookConfiguration that must trust the authority
  std::chrono::hours leaf_validity{24 * 30};
};

class Authority {
 public:
  // Reads the Secret, or makes it: of several operators that start at once, one makes it and all use it.
  [[nodiscard]] static Result<std::unique_ptr<Authority>> open(kube::Client& client, AuthorityOptions options,
                                                               Deadline deadline);

  // The operator's own, current one. Thread-safe.
  [[nodiscard]] control::IdentitySource identity() const;
  [[nodiscard]] std::string certificate() const { return pair_.certificate; }
  [[nodiscard]] std::string host() const;

  // A key and certificate for a server of ours. Thread-safe.
  [[nodiscard]] Result<control::KeyAndCertificate> issue(const control::LeafRequest& leaf) const {
    return control::issue(pair_, leaf);
  }

  // For a sidecar: the bearer token must be a pod's, for audience cutline.dev; the certificate then names that pod's
  // UID.
  [[nodiscard]] Result<std::string> issue_for_token(const std::string& token, const std::string& request,
                                                    Deadline deadline);

  // Renews the own certificate after two thirds of its time, and makes the webhook trust the authority. Call now and
  // then.
  [[nodiscard]] Status maintain(Deadline deadline);

 private:
  struct Current {
    std::mutex mutex;
    std::shared_ptr<const control::Identity> identity;
  };

  Authority(kube::Client& client, AuthorityOptions options, control::KeyAndCertificate pair)
      : client_(client), options_(std::move(options)), pair_(std::move(pair)) {}
  [[nodiscard]] Status renew();
  [[nodiscard]] Status trust_webhook(Deadline deadline);

  kube::Client& client_;
  AuthorityOptions options_;
  control::KeyAndCertificate pair_;
  std::shared_ptr<Current> current_ = std::make_shared<Current>();
};

}  // namespace cutline::op
