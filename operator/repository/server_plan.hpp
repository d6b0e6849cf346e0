// The server of a repository on a volume, as objects of the API: a Service, a Secret and a Deployment of one pod, which
// go with their SnapshotRepository; what lies on the volume stays. Pure. See docs/decisions/volume-repositories.md.
#pragma once

#include <variant>

#include "base/deadline.hpp"
#include "control/pki.hpp"
#include "kube/resource.hpp"

namespace cutline::op::repository {

using kube::Json;

inline constexpr std::uint16_t kServerPort = 7078;

[[nodiscard]] bool is_on_volume(const Json& repository);
// Of all three objects, and of the pods' label cutline.dev/repository.
[[nodiscard]] std::string server_name(const std::string& repository);

// What it is started with: the folder that it serves, and that of the Secret.
[[nodiscard]] std::vector<std::string> server_command(const std::string& program, const std::string& listen,
                                                      const std::string& data, const std::string& secret);
// For the file of that name: who may come in.
[[nodiscard]] std::string htpasswd(const std::string& user, const std::string& password);

[[nodiscard]] Json server_service(const Json& repository);

// Whom clients trust, where the Service is, and until when a certificate that is to be renewed is still good.
struct ServerNeeds {
  std::string authority;  // PEM
  std::string address;    // the Service's
};
// Whether the Secret serves these needs, and goes on to for a while.
[[nodiscard]] bool is_current(const Json& secret, const ServerNeeds& needs);
[[nodiscard]] control::LeafRequest server_certificate(const Json& repository, const std::string& address);
// `earlier`: the Secret until now, whose password is kept; null: none.
[[nodiscard]] Json server_secret(const Json& repository, const ServerNeeds& needs,
                                 const control::KeyAndCertificate& own, const Json& earlier);

struct ServerImage {
  std::string name, pull_policy;
};
// A Secret that changes makes the pod anew.
[[nodiscard]] Json server_deployment(const Json& repository, const ServerImage& image, const Json& secret);

// Why the API server has not let the operator make an object of it, in words that help.
[[nodiscard]] Error not_made(const Error& why, std::string_view object);

// How it stands, by what the API server shows of it.
struct Serves {};
struct Starts {
  std::string what;
};
using Standing = std::variant<Serves, Starts, Error>;
// `claim`: null if there is none of that name. `pods`: the Deployment's.
[[nodiscard]] Standing standing(const Json& repository, const Json& deployment, const Json& claim,
                                const std::vector<Json>& pods);

}  // namespace cutline::op::repository
