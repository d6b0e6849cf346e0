#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/fd.hpp"
#include "sidecar/preflight/reader.hpp"

namespace cutline::preflight {
namespace {

constexpr unsigned kListening = 0x0a;

// "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  0  0 12345 ..."
void read_table(std::map<std::uint64_t, InetSocket>& out, const std::string& path) {
  const auto text = read_file(path, 1U << 30U).value_or("");
  for (std::size_t at = text.find('\n'); at != std::string::npos && at + 1 < text.size();
       at = text.find('\n', at + 1)) {
    unsigned state = 0;
    unsigned long queued = 0;
    unsigned long inode = 0;
    if (std::sscanf(text.c_str() + at + 1, " %*u: %*s %*s %x %*x:%lx %*s %*s %*u %*u %lu", &state, &queued, &inode) ==
            3 &&
        inode != 0) {
      out[inode] = {state == kListening, queued};
    }
  }
}

// An interface's line, then one indented line a group: "\t\t\t\t010000E0     1 0:00000000\t\t0"
void read_multicast(Facts& facts, int pid) {
  const auto text = read_file(fmt::format("/proc/{}/net/igmp", pid)).value_or("");
  std::string interface;
  for (std::size_t at = text.find('\n'); at != std::string::npos && at + 1 < text.size();
       at = text.find('\n', at + 1)) {
    const char* line = text.c_str() + at + 1;
    std::array<char, 32> name{};
    in_addr group{};
    if (*line != '\t' && std::sscanf(line, "%*u %31[^ :\t]", name.data()) == 1) {
      interface = name.data();
    } else if (std::sscanf(line, " %x", &group.s_addr) == 1 && group.s_addr != ::htonl(INADDR_ALLHOSTS_GROUP)) {
      std::array<char, INET_ADDRSTRLEN> printed{};
      (void)::inet_ntop(AF_INET, &group, printed.data(), printed.size());
      facts.multicast.push_back(fmt::format("{} on {}", printed.data(), interface));
    }
  }
}

void add_unix_socket(std::map<std::uint64_t, UnixSocket>& out, const nlmsghdr* header) {
  const auto* message = static_cast<const unix_diag_msg*>(NLMSG_DATA(header));
  UnixSocket socket{message->udiag_type == SOCK_STREAM || message->udiag_type == SOCK_SEQPACKET, 0};
  auto left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof *message));
  const auto* attribute = reinterpret_cast<const rtattr*>(message + 1);
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != UNIX_DIAG_PEER) continue;
    std::uint32_t peer = 0;
    std::memcpy(&peer, RTA_DATA(attribute), sizeof peer);
    socket.peer = peer;
  }
  out[message->udiag_ino] = socket;
}

void read_unix_sockets(Facts& facts) {
  const Fd diag{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
  struct {
    nlmsghdr header;
    unix_diag_req request;
  } ask{};
  ask.header.nlmsg_len = sizeof ask;
  ask.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  ask.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  ask.request.sdiag_family = AF_UNIX;
  ask.request.udiag_states = ~0U;
  ask.request.udiag_show = UDIAG_SHOW_PEER;
  if (!diag || ::send(diag.get(), &ask, sizeof ask, 0) < 0) return;
  alignas(nlmsghdr) std::array<char, 32768> buffer{};
  for (;;) {
    const ssize_t n = ::recv(diag.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    auto left = static_cast<unsigned>(n);
    for (const auto* h = reinterpret_cast<const nlmsghdr*>(buffer.data()); NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) return;
      add_unix_socket(facts.unix_sockets, h);
    }
  }
}

struct Option {
  const char* name;
  int level;
  int option;
  int usual;
};

constexpr std::array kTcpOptions = std::to_array<Option>({
    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 0},
    {"TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, 0},
    {"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, 0},
});
constexpr std::array kIpOptions = std::to_array<Option>({
    {"IP_TRANSPARENT", IPPROTO_IP, IP_TRANSPARENT, 0},
    {"IP_RECVERR", IPPROTO_IP, IP_RECVERR, 0},
});

void add_options(Descriptor& d, int fd, std::span<const Option> options) {
  for (const auto& o : options) {
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(fd, o.level, o.option, &value, &size) == 0 && value != o.usual)
      d.options.emplace(o.name, std::to_string(value));
  }
}

void add_congestion_control(Descriptor& d, int fd, const std::string& usual) {
  std::array<char, 16> name{};
  socklen_t size = name.size();
  if (::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) != 0) return;
  const std::string used{name.data(), ::strnlen(name.data(), size)};
  if (!usual.empty() && used != usual) d.options.emplace("TCP_CONGESTION", used);
}

// The kernel gives classic filters back; that it refuses means an eBPF program.
bool has_ebpf_filter(int fd) {
  socklen_t count = 0;
  return ::getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, nullptr, &count) != 0 && errno == EACCES;
}

bool is_worth_asking(const Descriptor& d) {
  return d.link == "anon_inode:inotify" || d.protocol.starts_with("TCP") || d.protocol.starts_with("UDP") ||
         d.protocol == "PACKET" || d.protocol.starts_with("RAW") || d.protocol.starts_with("UNIX");
}

void ask(Descriptor& d, int fd, const std::string& congestion_control) {
  if (!S_ISSOCK(d.type)) {
    int unread = 0;
    if (::ioctl(fd, FIONREAD, &unread) == 0) d.unread = static_cast<std::uint64_t>(unread);
    return;
  }
  if (has_ebpf_filter(fd)) d.options.emplace("eBPF filter", "attached");
  if (d.protocol.starts_with("UNIX") || d.protocol == "PACKET") return;
  add_options(d, fd, kIpOptions);
  if (!d.protocol.starts_with("TCP")) return;
  add_options(d, fd, kTcpOptions);
  add_congestion_control(d, fd, congestion_control);
}

}  // namespace

void read_sockets(Facts& facts, int pid) {
  for (const auto* table : {"tcp", "tcp6"}) read_table(facts.tcp, fmt::format("/proc/{}/net/{}", pid, table));
  for (const auto* table : {"udp", "udp6"}) read_table(facts.udp, fmt::format("/proc/{}/net/{}", pid, table));
  read_multicast(facts, pid);
  read_unix_sockets(facts);
}

void read_options(std::vector<Process>& processes) {
  auto usual = read_file("/proc/sys/net/ipv4/tcp_congestion_control").value_or("");
  if (usual.ends_with('\n')) usual.pop_back();
  for (auto& process : processes) {
    const Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0))};
    if (!pidfd) continue;
    for (auto& d : process.descriptors) {
      if (!is_worth_asking(d)) continue;
      const Fd fd{static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd.get(), d.number, 0))};
      if (fd) ask(d, fd.get(), usual);
    }
  }
}

}  // namespace cutline::preflight
