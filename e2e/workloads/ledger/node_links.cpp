// A node's connections: made by the lower index, greeted both ways, and what comes over them.
#include <fmt/format.h>
#include <sys/socket.h>

#include "e2e/workloads/ledger/network.hpp"
#include "e2e/workloads/ledger/node.hpp"

namespace cutline::ledger {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr Millis try_again = 200ms;
constexpr Millis look_up = 500ms;
constexpr Millis abandon = 3s;                 // a connection that is not greeted by then, if another one may be tried
constexpr std::size_t read_at_once = 4096;     // records of the book
constexpr std::size_t enough_to_send = 65536;  // bytes
constexpr std::size_t most_guests = 64;

}  // namespace

void Node::take_links() {
  for (auto& [peer, link] : links_) {
    if (link.stage == Stage::Down) {
      if (config_.self < peer && Clock::now() >= link.next_try) begin(peer, link);
      continue;
    }
    if (link.stage == Stage::Connecting) greet(peer, link);
    if (config_.reconnect && link.stage != Stage::Up && Clock::now() > link.begun + abandon) link.close();
    if (link.stage == Stage::Down) continue;
    const bool alive = link.receive();
    take_frames(peer, link);
    if (!alive && link.stage != Stage::Down) lose(peer, link, "it was closed");
  }
}

void Node::begin(Index peer, Link& link) {
  link.next_try = Clock::now() + try_again;
  const auto address = resolve(config_.peers[static_cast<std::size_t>(peer)], Deadline::after(look_up));
  if (!address) return;
  auto fd = begin_connect(*address);
  if (!fd) return;
  link.fd = std::move(*fd);
  link.stage = Stage::Connecting;
  link.begun = Clock::now();
}

void Node::greet(Index peer, Link& link) {
  if (connect_error(link.fd.get()) != 0) return link.close();
  const auto& books = account_.peers.at(peer);
  const bool resume = config_.reconnect;
  link.out.clear();
  link.put({resume ? Kind::Resume : Kind::Hello, static_cast<std::uint16_t>(config_.self), books.in.next,
            books.session + (resume ? 0 : 1)});
  const ssize_t n = ::send(link.fd.get(), link.out.data(), link.out.size(), MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;  // not there yet
  link.out.clear();
  if (n > 0) link.bytes_sent += static_cast<std::size_t>(n);
  link.stage = Stage::Greeting;
  if (n != static_cast<ssize_t>(frame_size)) link.close();
}

void Node::take_newcomers() {
  for (Fd fd = accept_one(listener_.get()); fd; fd = accept_one(listener_.get()))
    if (newcomers_.size() < most_guests) newcomers_.push_back({std::move(fd), {}});
  for (auto it = newcomers_.begin(); it != newcomers_.end();) {
    char bytes[frame_size];
    const ssize_t n = ::recv(it->fd.get(), bytes, frame_size - it->in.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      ++it;
      continue;
    }
    if (n > 0) it->in.append(bytes, static_cast<std::size_t>(n));
    if (n > 0 && it->in.size() < frame_size) continue;
    const auto hello = parse(it->in);
    if (hello && (hello->kind == Kind::Hello || hello->kind == Kind::Resume) && hello->number != 0 &&
        hello->from < config_.self && links_.contains(hello->from))
      welcome(hello->from, *hello, std::move(it->fd));
    it = newcomers_.erase(it);
  }
}

// The one that accepts decides: the session goes on only if both want that, and mean the same.
void Node::welcome(Index peer, const Frame& hello, Fd fd) {
  auto& link = links_.at(peer);
  auto& books = account_.peers.at(peer);
  if (link.stage != Stage::Down) lose(peer, link, "it was made anew by the other side");
  link.fd = std::move(fd);
  link.bytes_received += frame_size;
  const bool resume = config_.reconnect && hello.kind == Kind::Resume && hello.value == books.session;
  const auto session = resume ? books.session : std::max(books.session + 1, hello.value);
  settle_session(peer, link, session, resume, hello.number);
  link.put({resume ? Kind::Resume : Kind::Hello, static_cast<std::uint16_t>(config_.self), books.in.next, session});
}

void Node::settle_session(Index peer, Link& link, std::uint64_t session, bool resume, std::uint64_t expected) {
  auto& books = account_.peers.at(peer);
  link.stage = Stage::Up;
  if (!resume) {
    begin_session(books, session);
  } else {
    continue_session(books, expected);
    link.resumed += 1;
    if (in_flight(books) != 0) link.backlog = Backlog{expected, 0};
  }
  fmt::print(stderr, "ledger {}: connected with {}, session {}, {} to be sent again\n", config_.self, peer, session,
             in_flight(books));
}

Status Node::catch_up() {
  for (auto& [peer, link] : links_)
    while (link.backlog && link.out.size() < enough_to_send)
      if (auto done = catch_up(peer, link); !done) return done;
  return {};
}

Status Node::catch_up(Index peer, Link& link) {
  const auto records = book_.slice(link.backlog->record, read_at_once);
  if (!records) return tl::unexpected(records.error());
  const auto session = account_.peers.at(peer).session & session_mask;
  for (std::size_t at = 0; at < records->size(); at += record_size) {
    const auto record = parse_record(std::string_view{*records}.substr(at, record_size));
    if (!record || record->direction != Direction::Sent || record->peer != peer || record->session != session ||
        record->number < link.backlog->number)
      continue;
    link.put({Kind::Transfer, static_cast<std::uint16_t>(config_.self), record->number, record->amount});
    link.resent += 1;
  }
  link.backlog->record += read_at_once;
  if (records->size() < read_at_once * record_size) link.backlog.reset();
  return {};
}

void Node::take_frames(Index peer, Link& link) {
  auto& books = account_.peers.at(peer);
  const auto before = books.in.next;
  const auto session = books.session;
  std::size_t taken = 0;
  for (; link.in.size() - taken >= frame_size; taken += frame_size) {
    const auto frame = parse(std::string_view{link.in}.substr(taken, frame_size));
    if (!frame || frame->from != peer || !take(peer, link, *frame)) {
      books.errors.malformed += 1;
      return lose(peer, link, "a damaged frame");
    }
  }
  link.in.erase(0, taken);
  // To one that we do not send to, not a word.
  const bool may_answer = config_.graph.has(config_.self, peer) && !config_.ping_pong;
  if (link.stage == Stage::Up && may_answer && (books.session != session || books.in.next != before))
    link.put({Kind::Acknowledge, static_cast<std::uint16_t>(config_.self), books.in.next - 1, 0});
}

bool Node::take(Index peer, Link& link, const Frame& frame) {
  auto& books = account_.peers.at(peer);
  switch (frame.kind) {
    case Kind::Hello:
    case Kind::Resume:
      if (link.stage != Stage::Greeting || frame.number == 0) return false;
      settle_session(peer, link, frame.value, frame.kind == Kind::Resume && frame.value == books.session, frame.number);
      return true;
    case Kind::Transfer: {
      if (link.stage != Stage::Up) return false;
      const Transfer transfer{frame.number, frame.value};
      if (receive(account_, peer, transfer) != Taken::Repeated) note(Direction::Received, peer, transfer);
      return true;
    }
    case Kind::Acknowledge:
      acknowledge(books, frame.number);
      return link.stage == Stage::Up && frame.number < books.out.next;
  }
  return false;
}

void Node::lose(Index peer, Link& link, const char* why) {
  // With reconnect it is no error yet: it may be continued.
  if (link.stage == Stage::Up && !config_.reconnect) account_.peers.at(peer).errors.lost_connections += 1;
  fmt::print(stderr, "ledger {}: the connection with {} has ended: {}\n", config_.self, peer, why);
  link.close();
  link.next_try = Clock::now() + try_again;
}

}  // namespace cutline::ledger
