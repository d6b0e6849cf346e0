#include "e2e/workloads/ledger/node.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "e2e/workloads/ledger/network.hpp"

namespace cutline::ledger {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Millis try_again = 200ms;
constexpr int most_at_once = 256;  // transfers started in one turn
constexpr std::uint64_t largest_amount = 100;

// With a rate, transfers start in bursts of five milliseconds' worth: a pod that does little costs little.
double burst(std::uint64_t rate) { return std::max(1.0, static_cast<double>(rate) / 200); }

}  // namespace

Result<Node> Node::open(const Config& config) {
  auto book = Book::open(config.file);
  if (!book) return tl::unexpected(book.error());
  const auto contents = book->read(config.initial);
  if (!contents) return tl::unexpected(contents.error());
  if (contents->damaged != 0) return fail(Code::Corrupt, "{}: {} damaged records", config.file, contents->damaged);
  auto listener = listen_on(config.listen), status = listen_on(config.status);
  if (!listener) return tl::unexpected(listener.error());
  if (!status) return tl::unexpected(status.error());
  return Node{config, std::move(*book), account_of(*contents, config.initial), std::move(*listener),
              std::move(*status)};
}

Node::Node(Config config, Book book, Account account, Fd listener, Fd status)
    : config_(std::move(config)),
      book_(std::move(book)),
      account_(std::move(account)),
      ballast_(config_.ballast_mb),
      listener_(std::move(listener)),
      status_(std::move(status)),
      random_state_(checksum(static_cast<std::uint64_t>(Clock::now().time_since_epoch().count()),
                             static_cast<std::uint64_t>(config_.self), 1) |
                    1U),
      refilled_(Clock::now()) {
  for (const auto peer : config_.talks_to) {
    links_[peer];
    account_.peers[peer];
  }
}

Status Node::run() {
  for (;;)
    if (auto done = turn(); !done) return done;
}

Status Node::turn() {
  auto ready = wait_for();
  if (::poll(ready.data(), ready.size(), idle_for()) < 0 && errno != EINTR) return fail_errno(errno, "poll");
  take_links();
  take_newcomers();
  start_transfers();
  // BEFORE anything is sent.
  if (auto written = book_.flush(); !written) return written;
  for (auto& [peer, link] : links_)
    if (link.stage == Stage::Up && !link.flush()) lose(peer, link, "cannot send");
  take_questions();
  return {};
}

std::vector<pollfd> Node::wait_for() const {
  std::vector<pollfd> out{{listener_.get(), POLLIN, 0}, {status_.get(), POLLIN, 0}};
  for (const auto& guests : {&newcomers_, &questions_})
    for (const auto& guest : *guests) out.push_back({guest.fd.get(), POLLIN, 0});
  for (const auto& [peer, link] : links_) {
    const bool writes = link.stage == Stage::Connecting || !link.out.empty();
    out.push_back({link.fd.get(), static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0});
  }
  return out;
}

// Milliseconds until there is something to do of its own accord.
int Node::idle_for() const {
  const bool room =
      std::any_of(links_.begin(), links_.end(), [this](const auto& it) { return has_room(it.first, it.second); });
  if (!room || Clock::now() < paused_until_) return static_cast<int>(try_again.count());
  const double missing = burst(config_.rate) - tokens_;
  if (config_.rate == 0 || missing <= 0) return 0;
  return 1 + static_cast<int>(std::min(200.0, missing * 1000 / static_cast<double>(config_.rate)));
}

void Node::start_transfers() {
  const auto now = Clock::now();
  const auto rate = static_cast<double>(config_.rate);
  // At most a tenth of a second's worth at once, however far the clock has jumped.
  tokens_ = std::min(std::max(rate / 10, 1.0), tokens_ + rate * std::chrono::duration<double>(now - refilled_).count());
  refilled_ = now;
  if (now < paused_until_ || links_.empty() || (config_.rate != 0 && tokens_ < burst(config_.rate))) return;
  for (int i = 0; i < most_at_once && (config_.rate == 0 || tokens_ >= 1); ++i) {
    auto first = std::next(links_.begin(), static_cast<std::ptrdiff_t>(random() % links_.size()));
    auto it = first;
    while (!has_room(it->first, it->second)) {
      if (++it == links_.end()) it = links_.begin();
      if (it == first) return;
    }
    transfer(it->first, it->second);
    tokens_ -= 1;
  }
}

bool Node::has_room(Index peer, const Link& link) const {
  return link.stage == Stage::Up && account_.balance >= static_cast<std::int64_t>(largest_amount) &&
         account_.peers.at(peer).in_flight.size() < config_.window;
}

void Node::transfer(Index peer, Link& link) {
  const auto amount = 1 + random() % largest_amount;
  const auto sent = send(account_, peer, amount);
  note(Direction::Sent, peer, sent);
  const Frame frame{Kind::Transfer, static_cast<std::uint16_t>(config_.self), sent.number, sent.amount};
  if (!std::exchange(lose_one_, false)) link.put(frame);
  if (std::exchange(repeat_one_, false)) link.put(frame);
  if (sent.number % 16 == 0) ballast_.rewrite(random());
}

void Node::note(Direction direction, Index peer, const Transfer& transfer) {
  book_.note({direction, peer, account_.peers.at(peer).session, transfer.number, transfer.amount, account_.balance});
}

std::uint64_t Node::random() {
  random_state_ ^= random_state_ << 13U;
  random_state_ ^= random_state_ >> 7U;
  random_state_ ^= random_state_ << 17U;
  return random_state_;
}

}  // namespace cutline::ledger
