#include "tests/integration/sockets/netns.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace cutline::testing_net {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void give_up(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address parse(const std::string& text, std::uint16_t port) {
  Address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof *v6;
  } else {
    throw std::runtime_error("not an address: " + text);
  }
  return out;
}

Fd bound(Netns& net, int type, const std::string& address, std::uint16_t& port) {
  Fd fd;
  net.run([&] {
    auto name = parse(address, port);
    fd.reset(::socket(name.storage.ss_family, type | SOCK_CLOEXEC, 0));
    const int on = 1, off = 0;
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (name.storage.ss_family == AF_INET6) (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (::bind(fd.get(), name.get(), name.size) != 0) give_up("bind " + address);
    if (::getsockname(fd.get(), name.get(), &name.size) != 0) give_up("getsockname");
    port = ntohs(reinterpret_cast<sockaddr_in*>(name.get())->sin_port);
  });
  return fd;
}

}  // namespace

Netns::Netns() : thread_([this] { live(); }) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return tid_ != 0; });
  if (tid_ < 0) {
    lock.unlock();
    thread_.join();
    throw std::runtime_error("cannot make a network namespace: run as root (CAP_SYS_ADMIN)");
  }
}

Netns::~Netns() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Netns::live() {
  std::unique_lock lock(mutex_);
  tid_ = ::unshare(CLONE_NEWNET) == 0 ? ::gettid() : -1;
  changed_.notify_all();
  while (tid_ > 0) {
    changed_.wait(lock, [this] { return stop_ || work_; });
    if (stop_) return;
    work_();
    work_ = nullptr;
    changed_.notify_all();
  }
}

void Netns::run(std::function<void()> work) {
  std::exception_ptr thrown;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !work_; });
  bool done = false;
  work_ = [&] {
    try {
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
    done = true;
  };
  changed_.notify_all();
  changed_.wait(lock, [&] { return done; });
  if (thrown) std::rethrow_exception(thrown);
}

void Netns::shell(const std::string& commands) {
  run([&] {
    const std::string line = "set -e; { " + commands + "; } 2>&1";
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(line.c_str(), "re"), ::pclose);
    std::string output;
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) output += buffer.data();
    if (::pclose(pipe.release()) != 0)
      throw std::runtime_error("failed (is iproute2 installed?): " + commands + "\n" + output);
  });
}

Joined::Joined() {
  a.shell("ip link set lo up && ip link add eth0 type veth peer name eth0 netns " + std::to_string(b.tid()));
  a.shell("ip addr add 10.77.0.1/24 dev eth0 && ip addr add fd77::1/64 dev eth0 nodad && ip link set eth0 up");
  b.shell(
      "ip link set lo up && ip addr add 10.77.0.2/24 dev eth0 && ip addr add fd77::2/64 dev eth0 nodad && ip link set "
      "eth0 up");
}

Fd listen_tcp(Netns& net, const std::string& address, std::uint16_t& port) {
  auto fd = bound(net, SOCK_STREAM, address, port);
  if (::listen(fd.get(), 128) != 0) give_up("listen");
  return fd;
}

Fd connect_tcp(Netns& net, const std::string& address, std::uint16_t port) {
  Fd fd;
  net.run([&] {
    const auto name = parse(address, port);
    fd.reset(::socket(name.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.get(), name.get(), name.size) != 0) give_up("connect " + address);
  });
  return fd;
}

Fd connect_from(Netns& net, const std::string& here, std::uint16_t& own_port, const std::string& address,
                std::uint16_t port) {
  auto fd = bound(net, SOCK_STREAM, here, own_port);
  const auto name = parse(address, port);
  if (::connect(fd.get(), name.get(), name.size) != 0) give_up("connect " + address);
  return fd;
}

Fd accept_tcp(const Fd& listener) {
  if (!readable(listener, 20s)) throw std::runtime_error("nobody connected");
  Fd fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  if (!fd) give_up("accept");
  const int on = 1;
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Fd udp(Netns& net, const std::string& address, std::uint16_t& port) { return bound(net, SOCK_DGRAM, address, port); }

void send_to(const Fd& socket, const std::string& address, std::uint16_t port, const std::string& data) {
  const auto name = parse(address, port);
  if (::sendto(socket.get(), data.data(), data.size(), MSG_DONTWAIT, name.get(), name.size) < 0) give_up("sendto");
}

bool eventually(std::chrono::milliseconds budget, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + budget;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(1ms);  // between two looks
  }
  return true;
}

bool readable(const Fd& socket, std::chrono::milliseconds budget) {
  pollfd poll{socket.get(), POLLIN, 0};
  return ::poll(&poll, 1, static_cast<int>(budget.count())) == 1;
}

void send_all(const Fd& socket, std::string_view data) {
  while (!data.empty()) {
    const auto n = ::send(socket.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (n < 0) give_up("send");
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string receive(const Fd& socket, std::size_t size) {
  std::string out;
  std::array<char, 65536> buffer{};
  while (out.size() < size) {
    if (!readable(socket, 20s)) throw std::runtime_error("silence");
    const auto n = ::recv(socket.get(), buffer.data(), std::min(buffer.size(), size - out.size()), 0);
    if (n <= 0) give_up("recv");
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

}  // namespace cutline::testing_net
