#include "control/fleet.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "control/channel.hpp"
#include "control/wire.hpp"

namespace cutline::control {
namespace {

constexpr auto kConnectBudget = std::chrono::seconds{3};

struct Call {
  Fleet::OnReply on_reply;
  std::unique_ptr<asio::steady_timer> timer;
};

// One sidecar: connecting, connected or broken; a broken one is replaced at the next call.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(asio::io_context& io, Peer peer) : io_(io), peer_(std::move(peer)), connect_timer_(io) {}

  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool leads_to(const Peer& peer) const { return peer.address == peer_.address && peer.port == peer_.port; }

  void connect(const std::shared_ptr<const Identity>& own) {
    if (!own) return fail_all({Code::Unavailable, "the operator has no certificate yet"});
    auto context = make_context(Side::Client, *own);
    if (!context) return fail_all(context.error());
    boost::system::error_code error;
    const auto address = asio::ip::make_address(peer_.address, error);
    if (error) return fail_all({Code::Invalid, fmt::format("address '{}' of pod {}", peer_.address, peer_.uid.value)});
    context_ = std::move(*context);
    channel_ = std::make_shared<Channel>(TlsStream{io_, *context_}, kReplyLimit);
    demand_identity(channel_->stream(), pod_identity(peer_.uid));
    connect_timer_.expires_after(kConnectBudget);
    connect_timer_.async_wait([self = shared_from_this()](auto cancelled) {
      if (!cancelled) self->lost("no connection within 3 s");
    });
    channel_->stream().lowest_layer().async_connect(Tcp::endpoint{address, peer_.port}, [self = shared_from_this()](auto e) {
      if (e || self->broken_) return self->lost(e.message());
      self->handshake();
    });
  }

  void call(std::uint64_t id, std::string frame, Deadline deadline, Fleet::OnReply on_reply) {
    auto timer = std::make_unique<asio::steady_timer>(io_, deadline.instant());
    timer->async_wait([self = shared_from_this(), id](auto cancelled) {
      if (!cancelled) self->finish(id, fail(Code::Timeout, "{}: no answer in time", self->who()));
    });
    calls_.emplace(id, Call{std::move(on_reply), std::move(timer)});
    if (ready_) channel_->send(std::move(frame));
    else waiting_.push_back(std::move(frame));
  }

  void lost(const std::string& reason) { fail_all({Code::Unavailable, fmt::format("{}: {}", who(), reason)}); }

 private:
  [[nodiscard]] std::string who() const { return fmt::format("sidecar of pod {} at {}:{}", peer_.uid.value, peer_.address, peer_.port); }

  void handshake() {
    tune(channel_->stream().next_layer());
    channel_->stream().async_handshake(TlsStream::client, [self = shared_from_this()](auto e) {
      if (e || self->broken_) return self->lost(e.message());
      self->connect_timer_.cancel();
      self->ready_ = true;
      self->channel_->start([self](const std::string& body) { self->on_frame(body); },
                            [self](const std::string& reason) { self->lost(reason); });
      for (auto& frame : self->waiting_) self->channel_->send(std::move(frame));
      self->waiting_.clear();
    });
  }

  void on_frame(const std::string& body) {
    auto frame = decode_reply(body);
    if (!frame) return lost(frame.error().message);
    finish(frame->id, std::move(frame->reply));
  }

  void finish(std::uint64_t id, Result<protocol::Reply> result) {
    auto node = calls_.extract(id);
    if (!node.empty()) node.mapped().on_reply(std::move(result));
  }

  void fail_all(const Error& why) {
    broken_ = true;
    connect_timer_.cancel();
    if (const auto channel = std::exchange(channel_, nullptr)) channel->end(why.message);
    for (auto& [id, call] : std::exchange(calls_, {})) call.on_reply(tl::unexpected(why));
  }

  asio::io_context& io_;
  Peer peer_;
  asio::steady_timer connect_timer_;
  std::shared_ptr<asio::ssl::context> context_;
  std::shared_ptr<Channel> channel_;
  std::map<std::uint64_t, Call> calls_;
  std::vector<std::string> waiting_;
  bool ready_ = false;
  bool broken_ = false;
};

}  // namespace

struct Fleet::Impl {
  explicit Impl(IdentitySource source) : identity(std::move(source)) {}

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  IdentitySource identity;
  std::map<PodUid, std::shared_ptr<Link>> links;
  std::uint64_t next_id = 1;
  std::jthread thread;

  void call(const Peer& peer, const protocol::Command& command, Deadline deadline, OnReply on_reply) {
    auto& link = links[peer.uid];
    const bool fresh = !link || link->broken() || !link->leads_to(peer);
    if (fresh) {
      if (link) link->lost("replaced");
      link = std::make_shared<Link>(io, peer);
    }
    const auto id = next_id++;
    link->call(id, encode(CommandFrame{id, command}), deadline, std::move(on_reply));
    if (fresh) link->connect(identity());
  }
};

Fleet::Fleet(IdentitySource identity) : impl_(std::make_unique<Impl>(std::move(identity))) {
  impl_->thread = std::jthread{[raw = impl_.get()] { raw->io.run(); }};
}

Fleet::~Fleet() {
  asio::post(impl_->io, [raw = impl_.get()] {
    for (auto& [uid, link] : raw->links) link->lost("the operator stops");
    raw->work.reset();
    raw->io.stop();
  });
  impl_->thread.join();
  impl_->links.clear();
}

void Fleet::call(const Peer& peer, protocol::Command command, Deadline deadline, OnReply on_reply) {
  asio::post(impl_->io, [raw = impl_.get(), peer, command = std::move(command), deadline, on_reply = std::move(on_reply)]() mutable {
    raw->call(peer, command, deadline, std::move(on_reply));
  });
}

void Fleet::drop(const PodUid& uid) {
  asio::post(impl_->io, [raw = impl_.get(), uid] {
    if (auto node = raw->links.extract(uid); !node.empty()) node.mapped()->lost("the pod is gone");
  });
}

}  // namespace cutline::control
