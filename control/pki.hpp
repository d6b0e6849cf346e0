// Keys and certificates of the control channel: one authority per installation, short-lived leaves.
// A leaf's identity is its URI name: who it is in Cutline's terms, not which address it has today.
// Keys are EC P-256; everything travels as PEM. Stateless and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace cutline::control {

[[nodiscard]] inline std::string pod_identity(const PodUid& uid) { return "cutline://pod/" + uid.value; }
inline constexpr const char* kOperatorIdentity = "cutline://operator";

struct KeyAndCertificate {
  std::string key;          // PEM, private
  std::string certificate;  // PEM
};

struct LeafRequest {
  std::string identity;                // URI name
  std::vector<std::string> dns_names;  // for a webhook's Service
  std::chrono::hours validity{24 * 30};
  std::vector<std::string> addresses{};  // numeric: of a server that is asked for by its address
};

[[nodiscard]] Result<KeyAndCertificate> make_authority(const std::string& common_name, std::chrono::hours validity);

// A key of its own, signed at once: for the operator itself.
[[nodiscard]] Result<KeyAndCertificate> issue(const KeyAndCertificate& authority, const LeafRequest& leaf);

// For others: they keep their key and send a signing request. Names in the request are ignored; `leaf` decides.
struct SigningRequest {
  std::string key;      // PEM, private: stays here
  std::string request;  // PEM: goes to the authority
};
[[nodiscard]] Result<SigningRequest> make_request();
[[nodiscard]] Result<std::string> sign(const KeyAndCertificate& authority, const std::string& request,
                                       const LeafRequest& leaf);

// Time until a certificate's end; negative when it is over.
[[nodiscard]] Result<std::chrono::seconds> remaining(const std::string& certificate);

}  // namespace cutline::control
