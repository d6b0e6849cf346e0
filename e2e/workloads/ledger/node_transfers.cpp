// When a node starts transfers, and to whom: its rate, bursts, window, and its turn in a ping-pong.
#include <algorithm>
#include <cmath>

#include "e2e/workloads/ledger/node.hpp"

namespace cutline::ledger {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Millis at_rest = 200ms;
constexpr Millis until_tcp_acknowledges = 2ms;
constexpr int most_at_once = 256;  // transfers started in one turn
constexpr std::uint64_t largest_amount = 100;

// With a rate, transfers start five milliseconds' worth at once: a pod that does little costs little.
double handful(std::uint64_t rate) { return std::max(1.0, static_cast<double>(rate) / 200); }

}  // namespace

// Milliseconds until there is something to do of its own accord.
int Node::idle_for() const {
  auto idle = at_rest;
  const auto now = Clock::now();
  if (pending_) idle = std::clamp(std::chrono::ceil<Millis>(pending_->at - now), 0ms, idle);
  for (const auto& [peer, link] : links_) {
    if (link.backlog && link.out.empty()) return 0;
    if (!answered_by(peer) && in_flight(account_.peers.at(peer)) != 0) idle = std::min(idle, until_tcp_acknowledges);
  }
  if (!has_room() || now < paused_until_) return static_cast<int>(idle.count());
  if (config_.rate == 0 || burst_left_ != 0) return 0;
  const auto missing = std::max(0.0, wanted_ - tokens_) * 1000 / static_cast<double>(config_.rate);
  return static_cast<int>(std::min(static_cast<double>(idle.count()), std::ceil(missing)));
}

void Node::refill() {
  const auto now = Clock::now();
  const auto rate = static_cast<double>(config_.rate);
  // At most a tenth of a second's worth at once, however far the clock has jumped.
  tokens_ =
      std::min(std::max(rate / 10, wanted_), tokens_ + rate * std::chrono::duration<double>(now - refilled_).count());
  refilled_ = now;
}

void Node::start_transfers() {
  refill();
  if (Clock::now() < paused_until_ || links_.empty()) return;
  if (config_.burst != 0) {
    if (burst_left_ == 0 && !begin_burst()) return;
  } else {
    wanted_ = handful(config_.rate);
    if (config_.rate != 0 && tokens_ < wanted_) return;
  }
  for (int i = 0; i < most_at_once; ++i) {
    if (config_.burst != 0 ? burst_left_ == 0 : config_.rate != 0 && tokens_ < 1) return;
    const auto to = choose();
    if (!to) return;
    transfer(*to, links_.at(*to));
    if (config_.burst != 0)
      burst_left_ -= 1;
    else
      tokens_ -= 1;
  }
}

// The rests between bursts are as unequal as their sizes.
bool Node::begin_burst() {
  if (tokens_ < wanted_) return false;
  std::vector<Index> to;
  for (const auto& [peer, link] : links_)
    if (config_.graph.has(config_.self, peer)) to.push_back(peer);
  if (to.empty()) return false;
  tokens_ -= wanted_;
  wanted_ = std::max(1.0, static_cast<double>(config_.burst) * (0.5 + static_cast<double>(random() % 1000) / 1000));
  burst_to_ = to[random() % to.size()];
  burst_left_ = static_cast<std::uint64_t>(wanted_);
  return true;
}

// In a burst its peer, if there is room; otherwise any with room, beginning at random.
std::optional<Index> Node::choose() {
  if (config_.burst != 0) return has_room() ? std::optional{burst_to_} : std::nullopt;
  const auto first = std::next(links_.begin(), static_cast<std::ptrdiff_t>(random() % links_.size()));
  auto it = first;
  do {
    if (has_room(it->first, it->second)) return it->first;
    if (++it == links_.end()) it = links_.begin();
  } while (it != first);
  return std::nullopt;
}

bool Node::has_room() const {
  if (burst_left_ != 0) return has_room(burst_to_, links_.at(burst_to_));
  return std::any_of(links_.begin(), links_.end(), [this](const auto& it) { return has_room(it.first, it.second); });
}

bool Node::has_room(Index peer, const Link& link) const {
  if (link.stage != Stage::Up || link.backlog || !config_.graph.has(config_.self, peer)) return false;
  if (account_.balance < static_cast<std::int64_t>(largest_amount)) return false;
  const auto& books = account_.peers.at(peer);
  if (config_.ping_pong) return books.out.next < books.in.next + (config_.self < peer ? 1 : 0);
  return in_flight(books) < config_.window;
}

bool Node::answered_by(Index peer) const { return !config_.ping_pong && config_.graph.has(peer, config_.self); }

void Node::take_silent_acknowledgements() {
  for (const auto& [peer, link] : links_) {
    auto& books = account_.peers.at(peer);
    if (link.stage != Stage::Up || link.backlog || in_flight(books) == 0 || answered_by(peer)) continue;
    const auto frames = (link.unacknowledged() + frame_size - 1) / frame_size;
    acknowledge(books, books.out.next - 1 - std::min(in_flight(books), std::uint64_t{frames}));
  }
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

}  // namespace cutline::ledger
