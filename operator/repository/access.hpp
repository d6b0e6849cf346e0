// How a SnapshotRepository is reached: its spec and its Secrets as restic wants them. Secrets are read when they are
// needed, and kept nowhere.
#pragma once

#include "kube/client.hpp"
#include "protocol/messages.hpp"

namespace cutline::op::repository {

using kube::Json;

inline constexpr Millis kRestic{30'000};  // for one short question to a repository

// Names of Secrets that the spec refers to; empty: none. On a volume the credentials are those of its server.
struct SecretNames {
  std::string credentials, password, authority;
};
[[nodiscard]] SecretNames secret_names(const Json& repository);

// Pure. Secrets as the API server gives them; null: none is referred to. Invalid: says which Secret lacks which key.
[[nodiscard]] Result<protocol::Repository> repository_from(const Json& repository, const Json& credentials,
                                                           const Json& password, const Json& authority);

// NotFound: a Secret is missing.
[[nodiscard]] Result<protocol::Repository> read_access(kube::Client& client, const Json& repository, Deadline deadline);

}  // namespace cutline::op::repository
