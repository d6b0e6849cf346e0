// The addresses in CRIU's image of open files (files.img): those that sockets are bound to, and those that they are
// connected to.
#pragma once

#include "protocol/readdressing.hpp"

namespace cutline::criu {

// The content of files.img with other addresses, of TCP and UDP alike; all else stays as it is. Corrupt: it is none.
// Invalid: an address cannot take another's place, IPv6 that of IPv4.
[[nodiscard]] Result<std::string> readdress(std::string_view files, const protocol::Readdressing& readdressing);

}  // namespace cutline::criu
