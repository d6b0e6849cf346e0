#include "control/server.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <thread>

#include "base/log.hpp"
#include "control/channel.hpp"
#include "control/wire.hpp"

namespace cutline::control {
namespace {

constexpr std::size_t kMaxConnections = 16;  // one operator, its successor, and room for what lingers
constexpr auto kHandshakeBudget = std::chrono::seconds{5};

}  // namespace

struct Server::Impl {
  Impl(IdentitySource source, Handler h) : identity(std::move(source)), handler(std::move(h)) {}

  // Shared with every ReplyTo: a round may end after the server.
  std::shared_ptr<asio::io_context> io = std::make_shared<asio::io_context>();
  Tcp::acceptor acceptor{*io};
  IdentitySource identity;
  Handler handler;
  std::set<std::shared_ptr<Channel>> channels;
  std::jthread thread;

  Status listen(const std::string& address, std::uint16_t port) {
    boost::system::error_code error;
    const auto where =
        address.empty() ? asio::ip::address{asio::ip::address_v6::any()} : asio::ip::make_address(address, error);
    if (error) return fail(Code::Invalid, "{} is no address to listen on", address);
    const Tcp::endpoint endpoint{where, port};
    acceptor.open(endpoint.protocol(), error);
    if (!error && where.is_v6()) acceptor.set_option(asio::ip::v6_only{false}, error);
    if (!error) acceptor.set_option(Tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(64, error);
    if (error) return fail(Code::Unavailable, "listen on port {}: {}", port, error.message());
    return {};
  }

  void accept() {
    acceptor.async_accept([this](auto error, Tcp::socket socket) {
      if (!acceptor.is_open()) return;
      if (!error) welcome(std::move(socket));
      accept();
    });
  }

  void welcome(Tcp::socket socket) {
    const auto own = identity();
    if (!own || channels.size() >= kMaxConnections) return;
    const auto context = make_context(Side::Server, *own);
    if (!context) return log::error("control channel: own certificate is unusable", {{"error", context.error()}});
    auto tls = std::make_unique<Tls>(Side::Server, *context, kOperatorIdentity);
    auto channel = std::make_shared<Channel>(std::move(socket), std::move(tls), kCommandLimit);
    channels.insert(channel);
    auto timer = std::make_shared<asio::steady_timer>(*io, kHandshakeBudget);
    const std::weak_ptr weak{channel};
    timer->async_wait([weak](auto cancelled) {
      if (const auto alive = weak.lock(); alive && !cancelled) alive->end("handshake took too long");
    });
    channel->start({[timer] { timer->cancel(); }, [this, weak](std::string_view body) { on_frame(weak.lock(), body); },
                    [this, weak, timer](const std::string& reason) {
                      timer->cancel();
                      log::info("control channel: closed", {{"reason", reason}});
                      channels.erase(weak.lock());
                    }});
  }

  void on_frame(const std::shared_ptr<Channel>& channel, std::string_view body) {
    auto frame = decode_command(body);
    if (!frame) {
      log::warn("control channel: malformed command", {{"error", frame.error()}});
      return channel->end("malformed command");
    }
    handler(std::move(frame->command), [io = io, id = frame->id, weak = std::weak_ptr{channel}](protocol::Reply reply) {
      asio::dispatch(*io, [weak, text = encode(ReplyFrame{id, std::move(reply)})] {
        if (const auto alive = weak.lock()) alive->send(text);
      });
    });
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(std::uint16_t port, IdentitySource identity, Handler handler,
                                              const std::string& address) {
  auto impl = std::make_unique<Impl>(std::move(identity), std::move(handler));
  if (auto listening = impl->listen(address, port); !listening) return tl::unexpected(listening.error());
  impl->accept();
  impl->thread = std::jthread{[raw = impl.get()] { raw->io->run(); }};
  return std::unique_ptr<Server>{new Server{std::move(impl)}};
}

Server::~Server() {
  impl_->io->stop();
  impl_->thread.join();
  for (const auto& channel : std::exchange(impl_->channels, {})) channel->end("the server stops");
}

std::uint16_t Server::port() const { return impl_->acceptor.local_endpoint().port(); }

}  // namespace cutline::control
