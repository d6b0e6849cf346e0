// Who one is on a TLS connection. Replaced as a whole when certificates rotate: open connections live on, new ones use
// the new one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "control/pki.hpp"

namespace cutline::control {

struct Identity {
  std::string authority;  // PEM: who vouches for the other side
  KeyAndCertificate own;
};

// Asked for each new connection; thread-safe; null while there is no certificate yet.
using IdentitySource = std::function<std::shared_ptr<const Identity>()>;

}  // namespace cutline::control
