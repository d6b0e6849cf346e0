#include "e2e/workloads/ledger/node.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "e2e/workloads/ledger/network.hpp"

namespace cutline::ledger {
namespace {

using Clock = std::chrono::steady_clock;

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
  take_graph(config_.graph);
}

// Connections last: one whose edge has gone stays, and is silent.
void Node::take_graph(Graph graph) {
  config_.graph = std::move(graph);
  burst_left_ = 0;
  for (const auto peer : config_.graph.neighbours(config_.self)) {
    links_[peer];
    // With reconnection, numbers go on for ever.
    if (auto& books = account_.peers[peer]; config_.reconnect && books.session == 0) begin_session(books, 1);
  }
}

Status Node::run() {
  for (;;)
    if (auto done = turn(); !done) return done;
}

Status Node::turn() {
  auto ready = wait_for();
  if (::poll(ready.data(), ready.size(), idle_for()) < 0 && errno != EINTR) return fail_errno(errno, "poll");
  if (pending_ && Clock::now() >= pending_->at) take_graph(std::exchange(pending_, std::nullopt)->graph);
  take_links();
  take_newcomers();
  take_silent_acknowledgements();
  start_transfers();
  // BEFORE anything is sent.
  if (auto written = book_.flush(); !written) return written;
  if (auto again = catch_up(); !again) return again;
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

std::uint64_t Node::random() {
  random_state_ ^= random_state_ << 13U;
  random_state_ ^= random_state_ >> 7U;
  random_state_ ^= random_state_ << 17U;
  return random_state_;
}

}  // namespace cutline::ledger
