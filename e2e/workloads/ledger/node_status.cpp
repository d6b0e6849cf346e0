// A node's status port: GET (or POST) /state, /audit, /pause, /resume, /mark, /graph?EDGES[&after=MS], /corrupt,
// /lose-one, /repeat-one; each answers with the state.
#include <fmt/format.h>
#include <sys/socket.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "e2e/workloads/ledger/network.hpp"
#include "e2e/workloads/ledger/node.hpp"

namespace cutline::ledger {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto longest_pause = 60s;  // an auditor that dies does not stop the workload for ever
constexpr std::int64_t damage = 1'000'000;
constexpr std::size_t most_askers = 64, longest_question = 4096;

// "GET /state HTTP/1.1..." -> "/state"
std::string path_of(const std::string& request) {
  const auto from = request.find(' ');
  if (from == std::string::npos) return {};
  return request.substr(from + 1, request.find_first_of(" \r\n", from + 1) - from - 1);
}

std::string http(int code, const char* phrase, const std::string& body) {
  return fmt::format(
      "HTTP/1.0 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", code,
      phrase, body.size(), body);
}

}  // namespace

void Node::take_questions() {
  for (Fd fd = accept_one(status_.get()); fd; fd = accept_one(status_.get()))
    if (questions_.size() < most_askers) questions_.push_back({std::move(fd), {}});
  for (auto it = questions_.begin(); it != questions_.end();) {
    char bytes[1024];
    const ssize_t n = ::recv(it->fd.get(), bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
      ++it;
      continue;
    }
    if (n > 0) it->in.append(bytes, static_cast<std::size_t>(n));
    const bool whole = it->in.find("\r\n\r\n") != std::string::npos;
    if (n > 0 && !whole && it->in.size() < longest_question) continue;
    if (whole) {
      // A few kilobytes: they fit into an empty send buffer.
      const auto path = path_of(it->in);
      const auto mark = std::min(path.find('?'), path.size());
      const auto reply = answer(path.substr(0, mark), path.substr(std::min(mark + 1, path.size())));
      (void)::send(it->fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      (void)::shutdown(it->fd.get(), SHUT_WR);
    }
    it = questions_.erase(it);
  }
}

std::string Node::answer(const std::string& path, const std::string& query) {
  if (path == "/pause") {
    paused_until_ = Clock::now() + longest_pause;
  } else if (path == "/resume") {
    paused_until_ = {};
  } else if (path == "/mark") {
    mark();
  } else if (path == "/graph") {
    if (auto changed = change_graph(query); !changed) return http(400, changed.error().message.c_str(), "{}");
  } else if (path == "/corrupt") {
    account_.balance += damage;
  } else if (path == "/lose-one") {
    lose_one_ = true;
  } else if (path == "/repeat-one") {
    repeat_one_ = true;
  } else if (path != "/state" && path != "/audit") {
    return http(404, "Not Found",
                R"({"error": "/state /audit /pause /resume /mark /graph /corrupt /lose-one /repeat-one"})");
  }
  return http(200, "OK", to_json(report(path == "/audit")).dump() + "\n");
}

Status Node::change_graph(const std::string& query) {
  constexpr std::string_view after = "&after=";
  const auto end = query.find(after);
  auto graph = Graph::parse(query.substr(0, end), config_.peers.size());
  if (!graph) return tl::unexpected(graph.error());
  pending_.reset();
  if (end == std::string::npos) {
    take_graph(*graph);
    return {};
  }
  unsigned wait = 0;
  const auto* const last = query.data() + query.size();
  if (const auto [rest, error] = std::from_chars(query.data() + end + after.size(), last, wait);
      error != std::errc{} || rest != last)
    return fail(Code::Invalid, "after={}: not a number of milliseconds", query.substr(end + after.size()));
  pending_ = Pending{*graph, Clock::now() + Millis{wait}};
  return {};
}

Node::Totals Node::totals(const Peer& books, const Link& link) {
  return {{books.out.count, link.bytes_sent}, {books.in.count, link.bytes_received}};
}

void Node::mark() {
  for (const auto& [index, link] : links_) marks_[index] = totals(account_.peers.at(index), link);
}

PeerReport Node::report(Index peer, const Peer& books) const {
  static const Link never;
  const auto found = links_.find(peer);
  const auto& link = found == links_.end() ? never : found->second;
  const auto now = totals(books, link);
  const auto mark = marks_.contains(peer) ? marks_.at(peer) : Totals{};
  const auto since = [](const Traffic& a, const Traffic& b) {
    return Traffic{a.transfers - b.transfers, a.bytes - b.bytes};
  };
  return {books.session,
          link.stage == Stage::Up,
          books.out,
          books.in,
          in_flight(books),
          books.errors,
          link.resumed,
          link.resent,
          since(now.sent, mark.sent),
          since(now.received, mark.received)};
}

Report Node::report(bool thorough) const {
  Report out;
  out.index = config_.self;
  out.paused = Clock::now() < paused_until_;
  out.initial = account_.initial;
  out.balance = account_.balance;
  out.ballast_pages = ballast_.pages();
  out.ballast_rewritten = ballast_.rewritten();
  for (const auto& [index, books] : account_.peers) out.peers[index] = report(index, books);
  if (!thorough) return out;
  out.ballast_damaged = ballast_.damaged();
  auto contents = book_.read(config_.initial);
  auto& book = out.book.emplace();
  if (contents)
    book.contents = std::move(*contents);
  else
    book.unreadable = contents.error().message;
  return out;
}

}  // namespace cutline::ledger
