#include "e2e/workloads/writer/wire.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "e2e/workloads/ledger/network.hpp"

namespace cutline::writer {

Result<Wire> Wire::connect(const Endpoint& endpoint, Deadline deadline) {
  const auto address = ledger::resolve(endpoint, deadline);
  if (!address) return tl::unexpected(address.error());
  auto fd = ledger::begin_connect(*address);
  if (!fd) return tl::unexpected(fd.error());
  pollfd ready{fd->get(), POLLOUT, 0};
  if (::poll(&ready, 1, static_cast<int>(deadline.left().count())) <= 0)
    return fail(Code::Timeout, "connect to {}:{}: no answer", endpoint.host, endpoint.port);
  if (const int error = ledger::connect_error(fd->get()); error != 0)
    return fail_errno(error, fmt::format("connect to {}:{}", endpoint.host, endpoint.port));
  return Wire{std::move(*fd)};
}

Status Wire::await(short events) const {
  for (int looks = 0; looks < kPatience; ++looks) {
    pollfd ready{fd_.get(), events, 0};
    if (::poll(&ready, 1, 1000) > 0) return {};
  }
  return fail(Code::Timeout, "the server does not answer");
}

Status Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (auto ready = await(POLLOUT); !ready) return ready;
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return fail_errno(errno, "send to the server");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status Wire::receive() {
  in_.erase(0, std::exchange(taken_, 0));
  for (;;) {
    if (auto ready = await(POLLIN); !ready) return ready;
    char bytes[65536];
    const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return fail_errno(errno, "receive from the server");
    if (n == 0) return fail(Code::Unavailable, "the server has closed the connection");
    in_.append(bytes, static_cast<std::size_t>(n));
    return {};
  }
}

Result<std::string> Wire::line() {
  for (;;) {
    if (const auto end = in().find("\r\n"); end != std::string_view::npos) {
      std::string out{in().substr(0, end)};
      take(end + 2);
      return out;
    }
    if (auto more = receive(); !more) return tl::unexpected(more.error());
  }
}

Result<std::string> Wire::exactly(std::size_t bytes) {
  while (in().size() < bytes)
    if (auto more = receive(); !more) return tl::unexpected(more.error());
  std::string out{in().substr(0, bytes)};
  take(bytes);
  return out;
}

namespace {

Result<std::string> chunks(Wire& wire) {
  std::string out;
  for (;;) {
    const auto size = wire.line();
    if (!size) return size;
    std::size_t bytes = 0;
    if (std::from_chars(size->data(), size->data() + size->size(), bytes, 16).ec != std::errc{})
      return fail(Code::Internal, "not the size of a chunk: {}", *size);
    auto chunk = wire.exactly(bytes + 2);
    if (!chunk) return chunk;
    if (bytes == 0) return out;
    out.append(*chunk, 0, bytes);
  }
}

}  // namespace

Result<HttpAnswer> post(Wire& wire, std::string_view path, std::string_view json) {
  const auto request =
      fmt::format("POST {} HTTP/1.1\r\nHost: server\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                  path, json.size(), json);
  if (auto sent = wire.send(request); !sent) return tl::unexpected(sent.error());
  const auto first = wire.line();
  if (!first) return tl::unexpected(first.error());
  HttpAnswer out;
  if (!first->starts_with("HTTP/1.1 ") ||
      std::from_chars(first->data() + 9, first->data() + first->size(), out.status).ec != std::errc{})
    return fail(Code::Internal, "not an HTTP answer: {}", *first);
  std::size_t length = 0;
  bool chunked = false;
  for (;;) {
    auto header = wire.line();
    if (!header) return tl::unexpected(header.error());
    if (header->empty()) break;
    std::ranges::transform(*header, header->begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (header->starts_with("content-length: ")) length = std::strtoull(header->c_str() + 16, nullptr, 10);
    if (*header == "transfer-encoding: chunked") chunked = true;
    if (*header == "connection: close") return fail(Code::Unavailable, "the server means to close the connection");
  }
  auto body = chunked ? chunks(wire) : wire.exactly(length);
  if (!body) return tl::unexpected(body.error());
  out.body = std::move(*body);
  return out;
}

}  // namespace cutline::writer
