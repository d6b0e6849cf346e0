// One launcher's connection: lines in, lines and descriptors out. See launcher/protocol.hpp.
#pragma once

#include <sys/types.h>

#include "base/fd.hpp"
#include "launcher/protocol.hpp"

namespace cutline::sidecar {

class Connection {
 public:
  // `program`: the launcher binary; a peer that runs another program is not heard (Invalid).
  [[nodiscard]] static Result<Connection> accept(int listener, const std::string& program);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] pid_t peer() const { return peer_; }

  // What has come. An empty list: nothing whole yet. Unavailable: the connection has ended.
  [[nodiscard]] Result<std::vector<launcher::ToSidecar>> receive();
  // `descriptor`: goes along, or -1. Never blocks: a peer that does not read is an error.
  [[nodiscard]] Status send(const launcher::ToLauncher& message, int descriptor = -1) const;

 private:
  Connection(Fd fd, pid_t peer) : fd_(std::move(fd)), peer_(peer) {}
  Fd fd_;
  pid_t peer_;
  std::string buffer_;
};

// The unix socket that launchers connect to; replaces what a dead sidecar left there.
[[nodiscard]] Result<Fd> listen_unix(const std::string& path);

}  // namespace cutline::sidecar
