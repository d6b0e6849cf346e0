#include "tests/unit/kube/scripted_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace cutline::kube {
namespace {

// The whole request: its head, and as many bytes more as Content-Length says.
std::string read_request(int fd) {
  std::string text;
  char buffer[4096];
  while (true) {
    if (const auto head = text.find("\r\n\r\n"); head != std::string::npos) {
      const auto field = text.find("Content-Length:");
      const auto body = field < head ? std::stoul(text.substr(field + 15)) : 0UL;
      if (text.size() >= head + 4 + body) return text;
    }
    const auto count = ::read(fd, buffer, sizeof buffer);
    if (count <= 0) return "";
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

void Connection::write(std::string_view bytes) const { (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

bool Connection::pause(Millis wait) const {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (std::chrono::steady_clock::now() < until) {
    pollfd closed{fd_, POLLIN, 0};
    if (stop_.stop_requested() || ::poll(&closed, 1, 10) > 0) return false;
  }
  return true;
}

std::string http(int status, const std::string& body, const std::string& more_headers) {
  return fmt::format(
      "HTTP/1.1 {} Scripted\r\nContent-Type: application/json\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n{}",
      status, more_headers, body.size(), body);
}

std::string chunked_start() {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
}

std::string chunk(const std::string& bytes) { return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes); }

ScriptedServer::ScriptedServer(Handler handler)
    : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no loopback listener");
  port_ = ntohs(address.sin_port);
  accepting_ = std::jthread{[this](const std::stop_token& stop) { accept_all(stop); }};
}

ScriptedServer::~ScriptedServer() {
  accepting_ = {};
  serving_.clear();
}

std::string ScriptedServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::vector<std::string> ScriptedServer::requests() const {
  const std::scoped_lock lock{mutex_};
  return requests_;
}

void ScriptedServer::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 20) <= 0) continue;
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    serving_.emplace_back([this, fd](const std::stop_token& end) { serve(fd, end); });
  }
}

void ScriptedServer::serve(int fd, const std::stop_token& stop) {
  const Fd connection{fd};
  const std::stop_callback unblock{stop, [fd] { ::shutdown(fd, SHUT_RD); }};
  const auto request = read_request(fd);
  if (request.empty()) return;
  {
    const std::scoped_lock lock{mutex_};
    requests_.push_back(request);
  }
  handler_(Connection{fd, stop}, request);
}

}  // namespace cutline::kube
