// TLS contexts (>= 1.2, no renegotiation, no compression) and the check of the other side's identity. Private to this room.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

#include "control/identity.hpp"

namespace cutline::control {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;

enum class Side { Client, Server };

[[nodiscard]] Result<std::shared_ptr<asio::ssl::context>> make_context(Side side, const Identity& identity);

// The other side must show a certificate of our authority with exactly this URI name.
void demand_identity(TlsStream& stream, std::string identity);

// Low latency, and a dead peer is noticed within about half a minute.
void tune(Tcp::socket& socket);

}  // namespace cutline::control
