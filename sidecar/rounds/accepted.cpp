#include "sidecar/rounds/accepted.hpp"

#include <fmt/ranges.h>

#include <thread>

namespace cutline::sidecar {
namespace {

constexpr Micros kBetweenLooks{200};
constexpr Millis kLook{1000};  // for the last look, which may begin at the deadline

bool waits(const sockets::SocketInfo& socket) {
  return socket.state == sockets::TcpState::Listen && socket.receive_queue > 0;
}

// Of the saved processes. A process that ends meanwhile holds none.
std::set<std::string> held_sockets(const std::vector<Container>& containers) {
  std::set<std::string> out;
  std::error_code error;
  for (const auto& container : containers)
    for (const auto pid : container.freezer->pids().value_or(std::vector<pid_t>{}))
      for (const auto& fd : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), error))
        if (auto link = std::filesystem::read_symlink(fd.path(), error).string(); link.starts_with("socket:"))
          out.insert(std::move(link));
  return out;
}

}  // namespace

Status all_accepted(const sockets::Sockets& live, const std::vector<Container>& containers) {
  if (std::ranges::none_of(live, waits)) return {};
  const auto held = held_sockets(containers);
  std::vector<std::string> listeners;
  for (const auto& socket : live)
    if (waits(socket) && held.contains(fmt::format("socket:[{}]", socket.inode)))
      listeners.push_back(fmt::format("port {} ({})", socket.local.port, socket.receive_queue));
  if (listeners.empty()) return {};
  return fail(Code::Busy, "connections have arrived that the application has not accepted yet: {}",
              fmt::join(listeners, ", "));
}

Status wait_accepted(const std::vector<Container>& containers, Deadline deadline) {
  for (;;) {
    const auto live = sockets::tcp_sockets(Deadline::at(deadline.instant() + kLook));
    if (!live) return tl::unexpected(live.error());
    auto accepted = all_accepted(*live, containers);
    if (accepted || deadline.passed()) return accepted;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace cutline::sidecar
