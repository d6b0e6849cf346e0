// TLS contexts (>= 1.2, no renegotiation, no compression), and one connection's TLS with the check of the other side's
// identity. Private to this room.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <string_view>

#include "control/identity.hpp"

namespace cutline::control {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

enum class Side { Client, Server };

[[nodiscard]] Result<std::shared_ptr<asio::ssl::context>> make_context(Side side, const Identity& identity);

// TLS of one connection without any I/O: what arrived goes in, what is to be sent comes out. So that a message costs
// one system call to read and one to write, whatever the records are. Not thread-safe.
class Tls {
 public:
  // The other side must show a certificate of our authority with exactly this URI name.
  Tls(Side side, std::shared_ptr<asio::ssl::context> context, std::string peer);
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // True: it is complete. A client begins with one before anything has arrived. After an error what is to be sent says
  // why.
  [[nodiscard]] Result<bool> handshake();

  void arrived(std::string_view bytes);
  // Appends all that can be decrypted by now. Unavailable: the other side has ended the connection, or it is broken.
  [[nodiscard]] Status read(std::string& plain);

  [[nodiscard]] Status write(std::string_view plain);
  [[nodiscard]] std::string_view to_send() const;
  void sent(std::size_t bytes);  // of to_send(), from its beginning

 private:
  [[nodiscard]] Error failure(int code, const char* what) const;

  std::shared_ptr<asio::ssl::context> context_;
  std::string peer_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  BIO* in_;  // both are the SSL's
  BIO* out_;
};

// Low latency, and a dead peer is noticed within about half a minute.
void tune(Tcp::socket& socket);

}  // namespace cutline::control
