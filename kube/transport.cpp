#include "kube/transport.hpp"

#include <boost/asio/ssl.hpp>
#include <mutex>

#include "kube/rest.hpp"
#include "kube/token.hpp"
#include "pplx/threadpool.h"

namespace cutline::kube {
namespace {

using web::http::client::http_client;
using web::http::client::http_client_config;

// The library's time-out starts anew at each read; ours is the total. This one only ends what nobody waits for any
// more.
constexpr std::chrono::seconds idle_limit{120};
// A watch is quiet for as long as nothing happens; the server ends it itself after 290 s.
constexpr std::chrono::seconds watch_idle_limit{295};
constexpr std::size_t pool_threads = 4;

// The pool defaults to 40 threads. It belongs to the process, so whoever comes first decides.
void limit_pool() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      crossplat::threadpool::initialize_with_threads(pool_threads);
    } catch (const std::exception&) {
      // The program has already chosen.
    }
  });
}

// Runs for each new connection. Throws boost::system::system_error for PEM that cannot be used.
void set_up_tls(boost::asio::ssl::context& context, const Config& config) {
  namespace ssl = boost::asio::ssl;
  context.set_options(ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                      ssl::context::no_tlsv1_1);
  if (!config.ca_pem.empty()) {
    SSL_CTX_set_cert_store(context.native_handle(), X509_STORE_new());  // not the system's authorities too
    context.add_certificate_authority(boost::asio::buffer(config.ca_pem));
  }
  if (config.client_cert_pem.empty()) return;
  context.use_certificate_chain(boost::asio::buffer(config.client_cert_pem));
  context.use_private_key(boost::asio::buffer(config.client_key_pem), ssl::context::pem);
}

Status check(const Config& config) {
  if (!config.server.starts_with("https://") && !config.server.starts_with("http://"))
    return fail(Code::Invalid, "server \"{}\": not an http(s) URL", config.server);
  if (config.server.find('[') != std::string::npos)
    return fail(Code::Unsupported, "server \"{}\": IPv6 literals do not work, use a name", config.server);
  try {
    boost::asio::ssl::context context{boost::asio::ssl::context::sslv23};
    set_up_tls(context, config);
  } catch (const std::exception& error) {
    return fail(Code::Invalid, "the CA, client certificate or key cannot be used: {}", error.what());
  }
  return {};
}

http_client_config make_config(const Config& config, std::chrono::seconds idle) {
  http_client_config out;
  out.set_timeout(idle);
  out.set_max_redirects(0);
  out.set_validate_certificates(!config.insecure_skip_tls_verify);
  out.set_ssl_context_callback([config](boost::asio::ssl::context& context) { set_up_tls(context, config); });
  return out;
}

HttpResponse headers_of(const web::http::http_response& response) {
  HttpResponse out{response.status_code(), "", ""};
  const auto header = response.headers().find("Retry-After");
  if (header != response.headers().end()) out.retry_after = header->second;
  return out;
}

pplx::task<HttpResponse> read_body(web::http::http_response response) {
  return response.extract_utf8string(true).then([out = headers_of(response)](std::string body) mutable {
    out.body = std::move(body);
    return out;
  });
}

std::string name_of(const HttpRequest& request) { return fmt::format("{} {}", request.method, request.path); }

}  // namespace

web::http::http_request make_request(const HttpRequest& request, const std::string& token) {
  web::http::http_request out{request.method};
  out.set_request_uri(web::uri{request.path});
  out.headers().add("Accept", "application/json");
  out.headers().add("User-Agent", "cutline");
  if (!token.empty()) out.headers().add("Authorization", "Bearer " + token);
  if (!request.content_type.empty()) out.set_body(request.body, request.content_type);
  return out;
}

struct Transport::Impl {
  explicit Impl(Config given)
      : config(std::move(given)),
        token(config.token, config.token_file),
        calls(config.server, make_config(config, idle_limit)),
        watches(config.server, make_config(config, watch_idle_limit)) {}

  Result<HttpResponse> send_once(const HttpRequest& request, const std::string& bearer, const std::stop_token& stop,
                                 Deadline deadline);
  Result<web::http::http_response> open_once(const HttpRequest& request, const std::string& bearer,
                                             const pplx::cancellation_token_source& cancel, const std::stop_token& stop,
                                             Deadline deadline);
  Config config;
  Token token;
  http_client calls, watches;
};

Transport::Transport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transport::~Transport() = default;
const Config& Transport::config() const { return impl_->config; }

Result<std::unique_ptr<Transport>> Transport::open(Config config) {
  if (auto checked = check(config); !checked) return tl::unexpected(checked.error());
  limit_pool();
  try {
    return std::unique_ptr<Transport>{new Transport{std::make_unique<Impl>(std::move(config))}};
  } catch (const std::exception& error) {
    return fail(Code::Invalid, "the API server's address cannot be used: {}", error.what());
  }
}

Result<HttpResponse> Transport::Impl::send_once(const HttpRequest& request, const std::string& bearer,
                                                const std::stop_token& stop, Deadline deadline) {
  const auto what = name_of(request);
  const auto pending = std::make_shared<Pending<HttpResponse>>();
  const pplx::cancellation_token_source cancel;
  try {
    calls.request(make_request(request, bearer), cancel.get_token())
        .then(observe)
        .then(read_body)
        .then([pending, what](const pplx::task<HttpResponse>& done) { settle(*pending, done, what); });
  } catch (const std::exception& error) {
    return fail(Code::Invalid, "{}: {}", what, error.what());
  }
  if (auto result = pending->wait(stop, deadline)) return std::move(*result);
  cancel.cancel();
  return fail(Code::Timeout, "{}: no answer by the deadline", what);
}

Result<HttpResponse> Transport::send(const HttpRequest& request, Deadline deadline, const std::stop_token& stop) {
  const auto bearer = impl_->token.current(std::chrono::steady_clock::now());
  auto response = impl_->send_once(request, bearer, stop, deadline);
  if (!response || response->status != 401) return response;
  const auto now = std::chrono::steady_clock::now();
  if (!impl_->token.renew(bearer, now)) return response;
  return impl_->send_once(request, impl_->token.current(now), stop, deadline);
}

Result<web::http::http_response> Transport::Impl::open_once(const HttpRequest& request, const std::string& bearer,
                                                            const pplx::cancellation_token_source& cancel,
                                                            const std::stop_token& stop, Deadline deadline) {
  const auto what = name_of(request);
  const auto pending = std::make_shared<Pending<web::http::http_response>>();
  try {
    watches.request(make_request(request, bearer), cancel.get_token())
        .then(observe)
        .then([pending, what](const pplx::task<web::http::http_response>& done) { settle(*pending, done, what); });
  } catch (const std::exception& error) {
    return fail(Code::Invalid, "{}: {}", what, error.what());
  }
  if (auto result = pending->wait(stop, deadline)) return std::move(*result);
  cancel.cancel();
  return fail(Code::Timeout, "{}: no answer by the deadline", what);
}

Result<std::unique_ptr<ByteStream>> Transport::stream(const std::string& path, const std::stop_token& stop,
                                                      Deadline deadline) {
  const HttpRequest request{"GET", path, "", ""};
  const pplx::cancellation_token_source cancel;
  const auto bearer = impl_->token.current(std::chrono::steady_clock::now());
  auto response = impl_->open_once(request, bearer, cancel, stop, deadline);
  if (response && response->status_code() == 401) {
    const auto now = std::chrono::steady_clock::now();
    if (impl_->token.renew(bearer, now))
      response = impl_->open_once(request, impl_->token.current(now), cancel, stop, deadline);
  }
  if (!response) return tl::unexpected(response.error());
  auto refused = headers_of(*response);
  auto body = make_stream(std::move(*response), cancel, name_of(request));
  if (refused.status == 200) return body;
  if (auto text = body->read(stop, deadline)) refused.body = std::move(*text);
  return tl::unexpected(error_of(request, refused));
}

}  // namespace cutline::kube
