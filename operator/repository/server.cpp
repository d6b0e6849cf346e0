#include "operator/repository/server.hpp"

#include "operator/api/resources.hpp"
#include "operator/repository/keeping.hpp"

namespace cutline::op::repository {
namespace {

constexpr const char* kManager = "cutline-operator";

std::string owner_of(const Json& object) {
  for (const auto& owner : object.value(Json::json_pointer("/metadata/ownerReferences"), Json::array()))
    if (owner.value("kind", "") == "SnapshotRepository") return owner.value("uid", "");
  return {};
}

class Server {
 public:
  Server(Context& context, const Json& repository, Deadline deadline)
      : client_(context.client), servers_(context.keeping.servers()), repository_(repository), deadline_(deadline) {}

  Result<Standing> provide() {
    const auto service = lay(kServices, server_service(repository_));
    if (!service) return tl::unexpected(service.error());
    const auto secret = keys(kube::string_at(*service, "/spec/clusterIP"));
    if (!secret) return tl::unexpected(secret.error());
    const auto deployment = lay(kDeployments, server_deployment(repository_, servers_.image, *secret));
    if (!deployment) return tl::unexpected(deployment.error());
    const auto claim = claim_of();
    if (!claim) return tl::unexpected(claim.error());
    auto pods = client_.list(kPods, kube::key_of(repository_).ns,
                             fmt::format("{}={}", kRepositoryLabel, kube::key_of(*deployment).name), deadline_);
    if (!pods) return tl::unexpected(not_made(pods.error(), "pods"));
    return standing(repository_, *deployment, *claim, (*pods)["items"].get<std::vector<Json>>());
  }

 private:
  // Null: there is none.
  Result<Json> find(const kube::Resource& resource, const kube::Key& key) {
    auto found = client_.get(resource, key, deadline_);
    if (!found && found.error().code == Code::NotFound) return Json{};
    return found;
  }

  Result<Json> lay(const kube::Resource& resource, const Json& object) {
    const auto what = fmt::format("{} {}", object.value("kind", ""), kube::key_of(object).name);
    const auto found = find(resource, kube::key_of(object));
    if (!found) return tl::unexpected(not_made(found.error(), what));
    if (found->is_object() && owner_of(*found) != kube::uid_of(repository_)) {
      if (owner_of(*found).empty())
        return fail(Code::Invalid,
                    "the volume's server needs the name of the {}, which is not its own: give one of them another name",
                    what);
      return fail(Code::Unavailable, "the {} of an earlier repository of this name is still going", what);
    }
    auto laid = client_.apply(resource, object, kManager, true, deadline_);
    return laid ? laid : tl::unexpected(not_made(laid.error(), what));
  }

  Result<Json> keys(const std::string& address) {
    const ServerNeeds needs{servers_.authority, address};
    auto found = find(kSecrets, {kube::key_of(repository_).ns, server_name(kube::key_of(repository_).name)});
    if (!found) return tl::unexpected(not_made(found.error(), "Secret"));
    const bool own = found->is_object() && owner_of(*found) == kube::uid_of(repository_);
    if (own && is_current(*found, needs)) return found;
    const auto certificate = servers_.issue(server_certificate(repository_, address));
    if (!certificate) return tl::unexpected(certificate.error());
    return lay(kSecrets, server_secret(repository_, needs, *certificate, own ? *found : Json{}));
  }

  Result<Json> claim_of() {
    const auto name = kube::string_at(repository_, "/spec/volume/claimName");
    if (name.empty()) return Json{};
    auto found = find(kClaims, {kube::key_of(repository_).ns, name});
    return found ? found : tl::unexpected(not_made(found.error(), "PersistentVolumeClaim"));
  }

  kube::Client& client_;
  const Servers& servers_;
  const Json& repository_;
  Deadline deadline_;
};

}  // namespace

Standing provide_server(Context& context, const Json& repository, Deadline deadline) {
  auto out = Server{context, repository, deadline}.provide();
  return out ? *std::move(out) : Standing{out.error()};
}

}  // namespace cutline::op::repository
