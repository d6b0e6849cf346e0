#include "control/tls.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>

namespace cutline::control {
namespace {

bool names(X509* certificate, const std::string& identity) {
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  bool found = false;
  for (int i = 0; list != nullptr && i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_URI) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier));
    found = found ||
            identity ==
                std::string_view(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.uniformResourceIdentifier)));
  }
  GENERAL_NAMES_free(list);
  return found;
}

// OpenSSL's own checks come first; the leaf must carry the name as well.
int is_the_peer(int trusted, X509_STORE_CTX* store) {
  if (trusted == 0 || X509_STORE_CTX_get_error_depth(store) != 0) return trusted;
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* wanted = static_cast<const std::string*>(SSL_get_app_data(ssl));
  if (names(X509_STORE_CTX_get_current_cert(store), *wanted)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
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

Tls::Tls(Side side, std::shared_ptr<asio::ssl::context> context, std::string peer)
    : context_(std::move(context)),
      peer_(std::move(peer)),
      ssl_(::SSL_new(context_->native_handle()), ::SSL_free),
      in_(::BIO_new(::BIO_s_mem())),
      out_(::BIO_new(::BIO_s_mem())) {
  if (!ssl_ || in_ == nullptr || out_ == nullptr) throw std::bad_alloc{};
  for (BIO* bio : {in_, out_}) BIO_set_mem_eof_return(bio, -1);  // empty means: later
  ::SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_app_data(ssl_.get(), &peer_);
  ::SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, is_the_peer);
  if (side == Side::Server)
    ::SSL_set_accept_state(ssl_.get());
  else
    ::SSL_set_connect_state(ssl_.get());
}

Result<bool> Tls::handshake() {
  ::ERR_clear_error();
  const int done = ::SSL_do_handshake(ssl_.get());
  if (done == 1) return true;
  const int code = ::SSL_get_error(ssl_.get(), done);
  if (code == SSL_ERROR_WANT_READ) return false;
  return tl::unexpected(failure(code, "handshake"));
}

void Tls::arrived(std::string_view bytes) { ::BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); }

Status Tls::read(std::string& plain) {
  ::ERR_clear_error();
  for (std::array<char, SSL3_RT_MAX_PLAIN_LENGTH> record;;) {
    const int n = ::SSL_read(ssl_.get(), record.data(), static_cast<int>(record.size()));
    if (n > 0) {
      plain.append(record.data(), static_cast<std::size_t>(n));
      if (BIO_pending(in_) > 0) continue;
      return {};
    }
    const int code = ::SSL_get_error(ssl_.get(), n);
    if (code == SSL_ERROR_WANT_READ) return {};
    return tl::unexpected(failure(code, "read"));
  }
}

Status Tls::write(std::string_view plain) {
  ::ERR_clear_error();
  const int n = ::SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
  if (n > 0) return {};
  return tl::unexpected(failure(::SSL_get_error(ssl_.get(), n), "write"));
}

std::string_view Tls::to_send() const {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out_, &data);
  return {data, static_cast<std::size_t>(size)};
}

void Tls::sent(std::size_t bytes) {
  if (bytes == to_send().size()) {
    (void)BIO_reset(out_);
    return;
  }
  std::string skipped(bytes, '\0');
  ::BIO_read(out_, skipped.data(), static_cast<int>(bytes));
}

Error Tls::failure(int code, const char* what) const {
  if (code == SSL_ERROR_ZERO_RETURN) return {Code::Unavailable, "closed by the other side"};
  const auto* why = ::ERR_reason_error_string(::ERR_get_error());
  return {Code::Unavailable, fmt::format("TLS {}: {}", what, why != nullptr ? why : "failed")};
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
