// Repositories and the signed manifests in them, as what is restored must be known: nothing that does not verify is.
#pragma once

#include "operator/context.hpp"
#include "repository/manifest.hpp"

namespace cutline::op::repository {

// How a SnapshotRepository of the namespace is reached now. Its own reconciler makes it ready; until then nobody need
// be asked. NotFound: there is none of that name. Unavailable: it is not ready, and says why. Busy: the API server does
// not answer. One that a check found damaged can be read from: digests tell whether what is wanted is whole; to write
// to it is refused (Corrupt).
enum class For { Reading, Writing };
[[nodiscard]] Result<protocol::Repository> reach(Context& context, const std::string& ns, const std::string& name,
                                                 For what = For::Reading);

// The manifest that belongs to a durable snapshot; asked for once. Corrupt: it is not signed by a key that is trusted
// here, or is another one's.
[[nodiscard]] Result<cutline::repository::Manifest> verified(Context& context, const kube::Json& snapshot,
                                                             const protocol::Repository& access);

struct Kept {
  std::string id;  // of its restic snapshot
  cutline::repository::Manifest manifest;
};
// Of that name; empty: the one that was committed last, of those that are a state of the whole workload. NotFound: none
// that verifies.
[[nodiscard]] Result<Kept> find_kept(Context& context, const protocol::Repository& access, const std::string& ns,
                                     const std::string& snapshot);

}  // namespace cutline::op::repository
