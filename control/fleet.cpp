#include "control/fleet.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <thread>

#include "control/channel.hpp"
#include "control/wire.hpp"

namespace cutline::control {
namespace {

constexpr auto kConnectBudget = std::chrono::seconds{3};

struct Pending {
  OnReply on_reply;
  Instant deadline;
};

// One sidecar: connecting, connected or broken; a broken one is replaced at the next call.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(asio::io_context& io, Peer peer) : io_(io), peer_(std::move(peer)), connect_timer_(io), deadline_timer_(io) {}

  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool leads_to(const Peer& peer) const {
    return peer.address == peer_.address && peer.port == peer_.port;
  }

  void connect(const std::shared_ptr<const Identity>& own) {
    if (!own) return fail_all({Code::Unavailable, "the operator has no certificate yet"});
    auto context = make_context(Side::Client, *own);
    if (!context) return fail_all(context.error());
    boost::system::error_code error;
    const auto address = asio::ip::make_address(peer_.address, error);
    if (error) return fail_all({Code::Invalid, fmt::format("address '{}' of pod {}", peer_.address, peer_.uid.value)});
    auto tls = std::make_unique<Tls>(Side::Client, std::move(*context), pod_identity(peer_.uid));
    channel_ = std::make_shared<Channel>(Tcp::socket{io_}, std::move(tls), kReplyLimit);
    connect_timer_.expires_after(kConnectBudget);
    connect_timer_.async_wait([self = shared_from_this()](auto cancelled) {
      if (!cancelled) self->lost("no connection within 3 s");
    });
    channel_->socket().async_connect(Tcp::endpoint{address, peer_.port}, [self = shared_from_this()](auto e) {
      if (e || self->broken_) return self->lost(e.message());
      self->start();
    });
  }

  void call(std::uint64_t id, const std::string& frame, Deadline deadline, OnReply on_reply) {
    calls_.emplace(id, Pending{std::move(on_reply), deadline.instant()});
    if (deadline.instant() < looks_at_) look_at(deadline.instant());
    if (ready_)
      channel_->send(frame);
    else
      waiting_.push_back(frame);
  }

  void lost(const std::string& reason) { fail_all({Code::Unavailable, fmt::format("{}: {}", who(), reason)}); }

 private:
  [[nodiscard]] std::string who() const {
    return fmt::format("sidecar of pod {} at {}:{}", peer_.uid.value, peer_.address, peer_.port);
  }

  void start() {
    const auto self = shared_from_this();
    channel_->start({[self] { self->on_ready(); }, [self](std::string_view body) { self->on_frame(body); },
                     [self](const std::string& reason) { self->lost(reason); }});
  }

  void on_ready() {
    connect_timer_.cancel();
    ready_ = true;
    const auto channel = channel_;
    for (const auto& frame : std::exchange(waiting_, {})) channel->send(frame);
  }

  void on_frame(std::string_view body) {
    auto frame = decode_reply(body);
    if (!frame) return lost(frame.error().message);
    finish(frame->id, std::move(frame->reply));
  }

  // Replies that came together are handed over together: after all that can be read now has been read.
  void finish(std::uint64_t id, Result<protocol::Reply> result) {
    auto node = calls_.extract(id);
    if (node.empty()) return;
    asio::post(io_, [on_reply = std::move(node.mapped().on_reply), result = std::move(result)]() mutable {
      on_reply(std::move(result));
    });
  }

  // One timer for all calls, at the first deadline or before.
  void look_at(Instant when) {
    looks_at_ = when;
    deadline_timer_.expires_at(when);
    deadline_timer_.async_wait([self = shared_from_this()](auto cancelled) {
      if (!cancelled) self->look();
    });
  }

  void look() {
    const auto now = std::chrono::steady_clock::now();
    auto next = Instant::max();
    std::vector<std::uint64_t> late;
    for (const auto& [id, call] : calls_) {
      if (call.deadline <= now)
        late.push_back(id);
      else
        next = std::min(next, call.deadline);
    }
    for (const auto id : late) finish(id, fail(Code::Timeout, "{}: no answer in time", who()));
    looks_at_ = Instant::max();
    if (next < looks_at_) look_at(next);
  }

  void fail_all(const Error& why) {
    if (std::exchange(broken_, true)) return;
    connect_timer_.cancel();
    deadline_timer_.cancel();
    if (const auto channel = std::exchange(channel_, nullptr)) channel->end(why.message);
    for (auto& [id, call] : std::exchange(calls_, {})) call.on_reply(tl::unexpected(why));
  }

  asio::io_context& io_;
  Peer peer_;
  asio::steady_timer connect_timer_;
  asio::steady_timer deadline_timer_;
  Instant looks_at_ = Instant::max();
  std::shared_ptr<Channel> channel_;
  std::map<std::uint64_t, Pending> calls_;
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

  void call(Call& call) {
    auto& link = links[call.peer.uid];
    const bool fresh = !link || link->broken() || !link->leads_to(call.peer);
    if (fresh) {
      if (link) link->lost("replaced");
      link = std::make_shared<Link>(io, call.peer);
      std::erase_if(links, [](const auto& known) { return known.second->broken(); });  // of pods that are gone
    }
    link->call(next_id, encode(CommandFrame{next_id, call.command}), call.deadline, std::move(call.on_reply));
    ++next_id;
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
    asio::post(raw->io, [raw] { raw->io.stop(); });  // after the replies that are being handed over
  });
  impl_->thread.join();
  impl_->links.clear();
}

void Fleet::call(std::vector<Call> calls) {
  if (calls.empty()) return;
  asio::post(impl_->io, [raw = impl_.get(), calls = std::move(calls)]() mutable {
    for (auto& call : calls) raw->call(call);
  });
}

}  // namespace cutline::control
