#include "control/tls.hpp"

#include <netinet/tcp.h>
#include <openssl/x509v3.h>

namespace cutline::control {
namespace {

bool names(X509* certificate, const std::string& identity) {
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  bool found = false;
  for (int i = 0; list != nullptr && i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_URI) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier));
    found = found || identity == std::string_view(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.uniformResourceIdentifier)));
  }
  GENERAL_NAMES_free(list);
  return found;
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> make_context(Side side, const Identity& identity) {
  using asio::ssl::context;
  try {
    auto out = std::make_shared<context>(side == Side::Server ? context::tls_server : context::tls_client);
    out->set_options(context::default_workarounds | context::no_sslv2 | context::no_sslv3 | context::no_tlsv1 |
                     context::no_tlsv1_1 | context::no_compression);
    SSL_CTX_set_options(out->native_handle(), SSL_OP_NO_RENEGOTIATION);
    if (side == Side::Server) SSL_CTX_set_num_tickets(out->native_handle(), 0);
    out->add_certificate_authority(asio::buffer(identity.authority));
    out->use_certificate_chain(asio::buffer(identity.own.certificate));
    out->use_private_key(asio::buffer(identity.own.key), context::pem);
    return out;
  } catch (const boost::system::system_error& e) {
    return fail(Code::Invalid, "TLS context: {}", e.what());
  }
}

void demand_identity(TlsStream& stream, std::string identity) {
  stream.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  stream.set_verify_callback([identity = std::move(identity)](bool trusted, asio::ssl::verify_context& context) {
    X509_STORE_CTX* store = context.native_handle();
    if (!trusted || X509_STORE_CTX_get_error_depth(store) != 0) return trusted;
    return names(X509_STORE_CTX_get_current_cert(store), identity);
  });
}

void tune(Tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(Tcp::no_delay{true}, ignored);
  socket.set_option(Tcp::socket::keep_alive{true}, ignored);
  const auto set = [&](int option, int value) {
    (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, 10);
  set(TCP_KEEPINTVL, 5);
  set(TCP_KEEPCNT, 4);
}

}  // namespace cutline::control
