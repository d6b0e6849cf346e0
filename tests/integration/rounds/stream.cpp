// An application whose connections tell at once when a byte is lost, repeated or out of place.
//
//   listen PORT              accepts one connection, and streams
//   connect ADDRESS PORT     connects, and streams
//   echo ADDRESS PORT...     connects to each port, says "ready N", and sends back what comes; "closed I" when the Ith
//   has ended
//
// To stream: send the 64-bit numbers 0, 1, 2, ... as fast as they are taken, and read those of the other end more
// slowly, so that both ways are always full of bytes. "received N" now and then; "broken N" and the end when a number
// is not the next one.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr int kBuffers = 65536;
constexpr useconds_t kPace = 1000;

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

void say(const std::string& word, std::uint64_t number) {
  const auto line = word + " " + std::to_string(number) + "\n";
  (void)!::write(1, line.data(), line.size());
}

int new_socket() {
  const int out = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  (void)::setsockopt(out, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  (void)::setsockopt(out, SOL_SOCKET, SO_SNDBUF, &kBuffers, sizeof kBuffers);
  (void)::setsockopt(out, SOL_SOCKET, SO_RCVBUF, &kBuffers, sizeof kBuffers);
  return out;
}

sockaddr_in address_of(const char* text, const char* port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  (void)::inet_pton(AF_INET, text, &out.sin_addr);
  return out;
}

int connected(const char* address, const char* port) {
  const auto to = address_of(address, port);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int socket = new_socket();
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return socket;
    ::close(socket);
    ::usleep(10'000);  // until the other end listens
  }
  give_up("connect");
}

int accepted(const char* port) {
  const auto here = address_of("127.0.0.1", port);
  const int listener = new_socket();
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 || ::listen(listener, 1) != 0)
    give_up("listen");
  const int socket = ::accept(listener, nullptr, nullptr);
  ::close(listener);
  return socket;
}

using Block = std::array<std::uint64_t, 512>;

void send_numbers(int socket) {
  Block block{};
  for (std::uint64_t next = 0;;) {
    for (auto& number : block) number = next++;
    const auto* at = reinterpret_cast<const char*>(block.data());
    for (std::size_t left = sizeof block; left > 0;) {
      const auto n = ::send(socket, at, left, MSG_NOSIGNAL);
      if (n <= 0) return say("not-sent", next);
      at += n;
      left -= static_cast<std::size_t>(n);
    }
  }
}

[[noreturn]] void receive_numbers(int socket) {
  Block block{};
  for (std::uint64_t expected = 0;; ::usleep(kPace)) {
    const auto n = ::recv(socket, block.data(), sizeof block, MSG_WAITALL);
    if (n != static_cast<ssize_t>(sizeof block)) {
      say("ended", expected);
      ::_exit(2);
    }
    for (const auto number : block) {
      if (number == expected++) continue;
      say("broken", expected - 1);
      ::_exit(3);
    }
    say("received", expected);
  }
}

[[noreturn]] void stream(int socket) {
  std::jthread sender{[socket] { send_numbers(socket); }};
  receive_numbers(socket);
}

[[noreturn]] void echo(const std::vector<int>& sockets) {
  std::vector<pollfd> fds;
  for (const int socket : sockets) fds.push_back({socket, POLLIN, 0});
  say("ready", fds.size());
  for (;;) {
    (void)::poll(fds.data(), fds.size(), -1);
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char bytes[4096];
      const auto n = ::recv(fds[i].fd, bytes, sizeof bytes, 0);
      if (n > 0 && ::send(fds[i].fd, bytes, static_cast<std::size_t>(n), MSG_NOSIGNAL) == n) continue;
      say("closed", i);
      ::close(fds[i].fd);
      fds[i].fd = -1;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "listen" && argc == 3) stream(accepted(argv[2]));
  if (mode == "connect" && argc == 4) stream(connected(argv[2], argv[3]));
  if (mode != "echo" || argc < 4) return 64;
  std::vector<int> sockets;
  for (int i = 3; i < argc; ++i) sockets.push_back(connected(argv[2], argv[i]));
  echo(sockets);
}
