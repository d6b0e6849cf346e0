#include "control/http.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <thread>

#include "base/log.hpp"
#include "control/tls.hpp"

namespace cutline::control {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Plain = beast::tcp_stream;
using Secure = beast::ssl_stream<beast::tcp_stream>;

// One connection; `Stream` is Plain or Secure.
template <class Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(Stream stream, std::shared_ptr<asio::ssl::context> context, const HttpOptions& options,
          const HttpServer::Handler& handler)
      : context_(std::move(context)), stream_(std::move(stream)), options_(options), handler_(handler) {}

  void run() {
    beast::get_lowest_layer(stream_).expires_after(options_.request_budget);
    if constexpr (std::is_same_v<Stream, Secure>)
      stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](auto error) {
        if (!error) self->read();
      });
    else
      read();
  }

 private:
  void read() {
    parser_.emplace();
    parser_->body_limit(options_.body_limit);
    beast::get_lowest_layer(stream_).expires_after(options_.request_budget);
    http::async_read(stream_, buffer_, *parser_, [self = this->shared_from_this()](auto error, std::size_t) {
      if (error == http::error::body_limit) return self->respond({413, "text/plain", "body too large\n"}, false);
      if (!error) self->serve();
    });
  }

  void serve() {
    const auto& request = parser_->get();
    const HttpRequest plain{std::string{request.method_string()}, std::string{request.target()},
                            std::string{request[http::field::authorization]}, request.body()};
    respond(handler_(plain), request.keep_alive());
  }

  void respond(HttpResponse answer, bool keep_alive) {
    response_ = {};
    response_.result(static_cast<unsigned>(answer.status));
    response_.set(http::field::content_type, answer.content_type);
    response_.keep_alive(keep_alive);
    response_.body() = std::move(answer.body);
    response_.prepare_payload();
    beast::get_lowest_layer(stream_).expires_after(options_.request_budget);
    http::async_write(stream_, response_, [self = this->shared_from_this(), keep_alive](auto error, std::size_t) {
      if (!error && keep_alive) return self->read();
      boost::system::error_code ignored;
      beast::get_lowest_layer(self->stream_).socket().shutdown(Tcp::socket::shutdown_both, ignored);
    });
  }

  std::shared_ptr<asio::ssl::context> context_;
  Stream stream_;
  const HttpOptions& options_;
  const HttpServer::Handler& handler_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

struct HttpServer::Impl {
  Impl(HttpOptions o, Handler h) : options(std::move(o)), handler(std::move(h)), io(options.threads) {}

  HttpOptions options;
  Handler handler;
  asio::io_context io;
  Tcp::acceptor acceptor{io};
  std::vector<std::jthread> threads;

  Status listen() {
    boost::system::error_code error;
    const Tcp::endpoint endpoint{Tcp::v6(), options.port};
    if (acceptor.open(endpoint.protocol(), error); !error) acceptor.set_option(asio::ip::v6_only{false}, error);
    if (!error) acceptor.set_option(Tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(128, error);
    if (error) return fail(Code::Unavailable, "listen on port {}: {}", options.port, error.message());
    return {};
  }

  void accept() {
    acceptor.async_accept(asio::make_strand(io), [this](auto error, Tcp::socket socket) {
      if (!acceptor.is_open()) return;
      if (!error) welcome(std::move(socket));
      accept();
    });
  }

  void welcome(Tcp::socket socket) {
    tune(socket);
    if (!options.identity)
      return std::make_shared<Session<Plain>>(Plain{std::move(socket)}, nullptr, options, handler)->run();
    const auto own = options.identity();
    if (!own) return;
    auto context = make_context(Side::Server, *own);
    if (!context) return log::error("https: own certificate is unusable", {{"error", context.error()}});
    std::make_shared<Session<Secure>>(Secure{std::move(socket), **context}, *context, options, handler)->run();
  }
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options, Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  if (auto listening = impl->listen(); !listening) return tl::unexpected(listening.error());
  impl->accept();
  for (int i = 0; i < impl->options.threads; ++i) impl->threads.emplace_back([raw = impl.get()] { raw->io.run(); });
  return std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}};
}

HttpServer::~HttpServer() {
  impl_->io.stop();
  impl_->threads.clear();  // joins
}

std::uint16_t HttpServer::port() const { return impl_->acceptor.local_endpoint().port(); }

Result<HttpResponse> https_post(const HttpTarget& target, const std::string& authorization, const std::string& body,
                                Millis budget) {
  try {
    asio::io_context io{1};
    asio::ssl::context context{asio::ssl::context::tls_client};
    context.add_certificate_authority(asio::buffer(target.authority));
    Secure stream{io, context};
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification{target.host});
    SSL_set_tlsext_host_name(stream.native_handle(), target.host.c_str());
    http::request<http::string_body> request{http::verb::post, target.path, 11};
    request.set(http::field::host, target.host);
    request.set(http::field::content_type, "application/json");
    request.set(http::field::authorization, authorization);
    request.body() = body;
    request.prepare_payload();
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    boost::system::error_code result = asio::error::timed_out;  // until an error, or the answer
    Tcp::resolver resolver{io};
    auto& lowest = beast::get_lowest_layer(stream);
    lowest.expires_after(budget);
    resolver.async_resolve(target.host, std::to_string(target.port), [&](auto e1, const auto& found) {
      if (e1) return void(result = e1);
      lowest.async_connect(found, [&](auto e2, const auto&) {
        if (e2) return void(result = e2);
        stream.async_handshake(asio::ssl::stream_base::client, [&](auto e3) {
          if (e3) return void(result = e3);
          http::async_write(stream, request, [&](auto e4, std::size_t) {
            if (e4) return void(result = e4);
            http::async_read(stream, buffer, response, [&](auto e5, std::size_t) { result = e5; });
          });
        });
      });
    });
    io.run_for(budget);
    if (result)
      return fail(Code::Unavailable, "POST https://{}:{}{}: {}", target.host, target.port, target.path,
                  result.message());
    return HttpResponse{static_cast<int>(response.result_int()), std::string{response[http::field::content_type]},
                        response.body()};
  } catch (const boost::system::system_error& e) {
    return fail(Code::Invalid, "POST https://{}: {}", target.host, e.what());
  }
}

Result<HttpResponse> http_get(const std::string& host, std::uint16_t port, const std::string& path, Millis budget) {
  asio::io_context io{1};
  Plain stream{io};
  http::request<http::empty_body> request{http::verb::get, path, 11};
  request.set(http::field::host, host);
  request.keep_alive(false);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  boost::system::error_code result = asio::error::timed_out;  // until an error, or the answer
  Tcp::resolver resolver{io};
  stream.expires_after(budget);
  resolver.async_resolve(host, std::to_string(port), [&](auto e1, const auto& found) {
    if (e1) return void(result = e1);
    stream.async_connect(found, [&](auto e2, const auto&) {
      if (e2) return void(result = e2);
      http::async_write(stream, request, [&](auto e3, std::size_t) {
        if (e3) return void(result = e3);
        http::async_read(stream, buffer, response, [&](auto e4, std::size_t) { result = e4; });
      });
    });
  });
  io.run_for(budget);
  if (result) return fail(Code::Unavailable, "GET http://{}:{}{}: {}", host, port, path, result.message());
  return HttpResponse{static_cast<int>(response.result_int()), std::string{response[http::field::content_type]},
                      response.body()};
}

}  // namespace cutline::control
