// A node's status port: GET (or POST) /state, /audit, /pause, /resume, /corrupt, /lose-one, /repeat-one; each answers
// with the state.
#include <fmt/format.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "e2e/workloads/ledger/network.hpp"
#include "e2e/workloads/ledger/node.hpp"

namespace cutline::ledger {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto longest_pause = 60s;  // an auditor that dies does not stop the workload for ever
constexpr std::int64_t damage = 1'000'000;
constexpr std::size_t most_guests = 64, longest_question = 4096;

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
    if (questions_.size() < most_guests) questions_.push_back({std::move(fd), {}});
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
      const auto reply = answer(path_of(it->in));
      (void)::send(it->fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      (void)::shutdown(it->fd.get(), SHUT_WR);
    }
    it = questions_.erase(it);
  }
}

std::string Node::answer(const std::string& path) {
  if (path == "/pause") {
    paused_until_ = Clock::now() + longest_pause;
  } else if (path == "/resume") {
    paused_until_ = {};
  } else if (path == "/corrupt") {
    account_.balance += damage;
  } else if (path == "/lose-one") {
    lose_one_ = true;
  } else if (path == "/repeat-one") {
    repeat_one_ = true;
  } else if (path != "/state" && path != "/audit") {
    return http(404, "Not Found", R"({"error": "/state /audit /pause /resume /corrupt /lose-one /repeat-one"})");
  }
  return http(200, "OK", to_json(report(path == "/audit")).dump() + "\n");
}

Report Node::report(bool thorough) const {
  Report out;
  out.index = config_.self;
  out.paused = Clock::now() < paused_until_;
  out.initial = account_.initial;
  out.balance = account_.balance;
  out.ballast_pages = ballast_.pages();
  out.ballast_rewritten = ballast_.rewritten();
  for (const auto& [index, peer] : account_.peers) {
    const auto link = links_.find(index);
    const bool connected = link != links_.end() && link->second.stage == Stage::Up;
    out.peers[index] = {peer.session, connected, peer.out, peer.in, peer.in_flight.size(), peer.errors};
  }
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
