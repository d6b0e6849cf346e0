// What a sidecar listens with: mutual TLS, only the operator's identity is let in, frames as in wire.hpp.
#pragma once

#include <functional>
#include <memory>

#include "control/identity.hpp"
#include "protocol/messages.hpp"

namespace cutline::control {

class Server {
 public:
  using ReplyTo =
      std::function<void(protocol::Reply)>;  // once, from any thread, any time; a lost connection swallows it
  using Handler = std::function<void(protocol::Command, ReplyTo)>;  // called on the server's thread: must not block

  // Port 0: any free one. While `identity` has none, connections are turned away. `address`: an IPv4 or IPv6 address to
  // listen on alone; empty: all of the network namespace.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(std::uint16_t port, IdentitySource identity,
                                                             Handler handler, const std::string& address = {});
  ~Server();  // closes everything and joins

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutline::control
