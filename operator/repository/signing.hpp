// The key that signs the manifests of snapshots, and the keys that are believed. Made once and kept in a Secret beside
// the certificate authority's: whoever makes a cluster anew brings the Secret along, or adds its public key to the new
// one.
#pragma once

#include "kube/client.hpp"
#include "repository/manifest.hpp"

namespace cutline::op::repository {

struct Signing {
  cutline::repository::SigningKey key;
  std::vector<cutline::repository::PublicKey>
      trusted;  // its own public key, and every other key of the Secret that ends in .pub
};

// Reads the Secret, or makes it: of several operators that start at once, one makes it and all use it.
[[nodiscard]] Result<Signing> open_signing(kube::Client& client, const kube::Key& secret, Deadline deadline);

// Pure: of the Secret. Corrupt: it holds no signing key.
[[nodiscard]] Result<Signing> read_signing(const kube::Json& secret);

}  // namespace cutline::op::repository
