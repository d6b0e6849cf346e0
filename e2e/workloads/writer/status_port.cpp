#include "e2e/workloads/writer/status_port.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

#include "e2e/workloads/ledger/network.hpp"

namespace cutline::writer {
namespace {

constexpr std::size_t most_guests = 64, longest_question = 4096;

}  // namespace

Result<StatusPort> StatusPort::open(const ledger::Endpoint& endpoint) {
  auto listener = ledger::listen_on(endpoint);
  if (!listener) return tl::unexpected(listener.error());
  return StatusPort{std::move(*listener)};
}

void StatusPort::poll_too(std::vector<pollfd>& descriptors) const {
  descriptors.push_back({listener_.get(), POLLIN, 0});
  for (const auto& guest : guests_) descriptors.push_back({guest.fd.get(), POLLIN, 0});
}

void StatusPort::serve(const Answer& answer) {
  for (Fd fd = ledger::accept_one(listener_.get()); fd; fd = ledger::accept_one(listener_.get()))
    if (guests_.size() < most_guests) guests_.push_back({std::move(fd), {}});
  for (auto it = guests_.begin(); it != guests_.end();) {
    char bytes[1024];
    const ssize_t n = ::recv(it->fd.get(), bytes, sizeof bytes, 0);
    if (n > 0) it->in.append(bytes, static_cast<std::size_t>(n));
    const bool whole = it->in.find("\r\n\r\n") != std::string::npos;
    if (!whole && it->in.size() < longest_question && (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))) {
      ++it;
      continue;
    }
    if (whole) {
      const auto from = it->in.find(' ') + 1;
      const auto body = answer(it->in.substr(from, it->in.find(' ', from) - from));
      const auto reply = fmt::format("HTTP/1.0 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                                     body.empty() ? "404 Not Found" : "200 OK", body.size(), body);
      (void)::send(it->fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    }
    it = guests_.erase(it);
  }
}

}  // namespace cutline::writer
