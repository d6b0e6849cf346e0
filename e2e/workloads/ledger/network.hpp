// TCP over IPv4, non-blocking, and names looked up without the C library's resolver (which a static program cannot
// have).
#pragma once

#include <netinet/in.h>

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "e2e/workloads/ledger/config.hpp"

namespace cutline::ledger {

// A dotted address as it is; otherwise asks the first name server of /etc/resolv.conf for the whole name as it stands.
[[nodiscard]] Result<sockaddr_in> resolve(const Endpoint& endpoint, Deadline deadline);

[[nodiscard]] Result<Fd> listen_on(const Endpoint& endpoint);
// The connection may not be there yet: it is when the descriptor becomes writable and connect_error gives 0.
[[nodiscard]] Result<Fd> begin_connect(const sockaddr_in& address);
[[nodiscard]] int connect_error(int fd);
// Nothing if nobody waits.
[[nodiscard]] Fd accept_one(int listener);

// One HTTP request, its answer's body. An answer other than 200 is an error.
[[nodiscard]] Result<std::string> http_get(const Endpoint& endpoint, const std::string& path, Deadline deadline);

}  // namespace cutline::ledger
