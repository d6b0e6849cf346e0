#include "operator/repository/reach.hpp"

#include "base/log.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/repository/access.hpp"
#include "operator/repository/durable.hpp"
#include "operator/repository/keeping.hpp"
#include "repository/tags.hpp"

namespace cutline::op::repository {
namespace {

namespace r = cutline::repository;

// Under an imported snapshot's own name lies what another object had stored.
std::string stored_uid(const kube::Json& snapshot) {
  const auto imported = kube::string_at(snapshot, "/status/imported/uid");
  return imported.empty() ? kube::uid_of(snapshot) : imported;
}

}  // namespace

Result<protocol::Repository> reach(Context& context, const std::string& ns, const std::string& name, For what) {
  const auto repository = context.client.get(kRepositories, {ns, name}, Deadline::after(kRead));
  if (!repository && repository.error().code == Code::NotFound)
    return fail(Code::NotFound, "there is no SnapshotRepository {} in this namespace", name);
  if (!repository) return tl::unexpected(Error{Code::Busy, repository.error().message});
  if (!is_true(*repository, "Ready")) {
    const auto* ready = find_condition(*repository, "Ready");
    const bool damaged = ready != nullptr && ready->value("reason", "") == reason_of({Code::Corrupt, {}});
    if (!damaged || what == For::Writing)
      return fail(damaged ? Code::Corrupt : Code::Unavailable, "SnapshotRepository {} is not ready: {}", name,
                  ready == nullptr ? "it was not looked at yet" : ready->value("message", ""));
  }
  return read_access(context.client, *repository, Deadline::after(kRead));
}

Result<r::Manifest> verified(Context& context, const kube::Json& snapshot, const protocol::Repository& access) {
  const auto id = kube::string_at(snapshot, "/status/manifest");
  auto known = context.keeping.verified(id);
  if (!known) {
    const r::Restic restic{access, context.keeping.program()};
    const auto text = restic.text_of(id, r::kManifestName, Deadline::after(kRestic));
    if (!text) return tl::unexpected(text.error());
    auto manifest = r::verify(*text, context.keeping.signing().trusted);
    if (!manifest) return forward(manifest, "the manifest of " + kube::key_of(snapshot).name);
    context.keeping.remember(id, *manifest);
    known = *std::move(manifest);
  }
  if (known->uid != stored_uid(snapshot))
    return fail(Code::Corrupt, "the manifest that {} names is of another snapshot, {}/{}", kube::key_of(snapshot).name,
                known->ns, known->snapshot);
  return *std::move(known);
}

Result<Kept> find_kept(Context& context, const protocol::Repository& access, const std::string& ns,
                       const std::string& snapshot) {
  const r::Restic restic{access, context.keeping.program()};
  r::Tags tags{r::kOurs, "manifest", "namespace=" + ns};
  if (!snapshot.empty()) tags.push_back("snapshot=" + snapshot);
  const auto found = restic.find(tags, Deadline::after(kRestic));
  if (!found) return tl::unexpected(found.error());
  std::optional<Kept> out;
  Error why{Code::NotFound, fmt::format("the repository holds no snapshot {} of namespace {}",
                                        snapshot.empty() ? "at all" : snapshot, ns)};
  for (const auto& one : *found) {
    const auto text = restic.text_of(one.id, r::kManifestName, Deadline::after(kRestic));
    if (!text) return tl::unexpected(text.error());
    auto manifest = r::verify(*text, context.keeping.signing().trusted);
    if (!manifest) {
      log::warn("a manifest in the repository does not verify", {{"id", one.id}, {"error", manifest.error()}});
      why = manifest.error().in("the manifest in the repository");
    } else if (snapshot.empty() && !manifest->alone) {
      why = {Code::NotFound, fmt::format("the repository holds of namespace {} only incremental snapshots that are no "
                                         "state of the whole workload: name one",
                                         ns)};
    } else if (!out || manifest->created >= out->manifest.created) {
      out = Kept{one.id, *std::move(manifest)};
    }
  }
  return out ? Result<Kept>{*std::move(out)} : tl::unexpected(why);
}

}  // namespace cutline::op::repository
