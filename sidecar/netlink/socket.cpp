#include "sidecar/netlink/socket.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <cerrno>

namespace cutline::netlink {
namespace {

constexpr std::size_t receive_size =
    std::size_t{256} * 1024;  // a dump's parts are at most 32 KiB; acknowledgements repeat a request

struct Outcome {
  bool answered = false;
  int error = 0;  // the first that the kernel reports
};

// Walks the messages of one datagram.
void walk(View datagram, const std::function<void(const Answer&)>& each, Outcome& outcome) {
  while (datagram.size() >= NLMSG_HDRLEN) {
    const auto header = read_prefix<nlmsghdr>(datagram);
    if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > datagram.size()) return;
    outcome.answered = true;
    const auto payload = datagram.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
    if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
      const int code = payload.size() >= sizeof(int) ? -read_prefix<int>(payload) : 0;
      if (outcome.error == 0 && code > 0) outcome.error = code;
    } else if (header.nlmsg_type >= NLMSG_MIN_TYPE) {
      each({header.nlmsg_type, payload});
    }
    datagram = datagram.subspan(std::min<std::size_t>(datagram.size(), NLMSG_ALIGN(header.nlmsg_len)));
  }
}

}  // namespace

Result<Socket> Socket::open(int protocol) {
  Fd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)};
  if (!fd) return fail_errno(errno, fmt::format("open netlink socket {}", protocol));
  // Best effort: a small buffer only means that a huge transaction may not fit.
  const int size = 8 << 20;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    return fail_errno(errno, "size the netlink socket's buffers (CAP_NET_ADMIN is needed)");
  // Without it an acknowledgement repeats the whole request.
  const int on = 1;
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return Socket{std::move(fd)};
}

Status Socket::request(Message message, std::string_view what) {
  message.add_flags(NLM_F_ACK);
  message.set_sequence(++sequence_);
  if (auto sent = send(message.bytes(), what); !sent) return sent;
  return collect(what, [](const Answer&) {});
}

Status Socket::query(Message message, std::string_view what, const std::function<void(const Answer&)>& each) {
  message.set_sequence(++sequence_);
  if (auto sent = send(message.bytes(), what); !sent) return sent;
  return collect(what, each);
}

Status Socket::transaction(std::uint16_t subsystem, std::vector<Message> messages, std::string_view what) {
  const nfgenmsg border{AF_UNSPEC, NFNETLINK_V0, htons(subsystem)};
  messages.insert(messages.begin(), Message(NFNL_MSG_BATCH_BEGIN, 0, border));
  messages.back().add_flags(NLM_F_ACK);
  messages.emplace_back(NFNL_MSG_BATCH_END, 0, border);
  std::vector<std::byte> all;
  for (auto& message : messages) {
    message.set_sequence(++sequence_);
    all.insert(all.end(), message.bytes().begin(), message.bytes().end());
  }
  if (auto sent = send(all, what); !sent) return sent;
  return collect(what, [](const Answer&) {});
}

Status Socket::ignore_data() {
  // The kernel counts what a filter refuses as delivered. Loads are in network order, netlink headers in the host's.
  sock_filter pass_only_answers[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohs(NLMSG_ERROR), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffffU),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(pass_only_answers)), pass_only_answers};
  if (::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
    return fail_errno(errno, "attach the filter of a netlink socket");
  return {};
}

Status Socket::send(View bytes, std::string_view what) {
  const sockaddr_nl kernel{AF_NETLINK, 0, 0, 0};
  for (;;) {
    const auto n =
        ::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    if (n == static_cast<ssize_t>(bytes.size())) return {};
    if (n < 0 && errno != EINTR) return fail_errno(errno, what);
  }
}

Status Socket::collect(std::string_view what, const std::function<void(const Answer&)>& each) {
  Outcome outcome;
  if (auto read = receive_all(what, [&](View datagram) { walk(datagram, each, outcome); }); !read) return read;
  if (!outcome.answered) return fail(Code::Internal, "{}: the kernel gave no answer", what);
  if (outcome.error != 0) return fail_errno(outcome.error, what);
  return {};
}

Status Socket::receive_all(std::string_view what, const std::function<void(View)>& each) {
  buffer_.resize(receive_size);
  for (;;) {
    const auto n = ::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (n < 0) return fail_errno(errno, what);
    each(View{buffer_}.first(static_cast<std::size_t>(n)));
  }
}

Status Socket::join(int group) {
  // A socket without an address is taken for the sender of what the kernel multicasts. Bound already: fine.
  const sockaddr_nl any{AF_NETLINK, 0, 0, 0};
  if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 && errno != EINVAL)
    return fail_errno(errno, "bind a netlink socket");
  if (::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    return fail_errno(errno, fmt::format("join netlink group {}", group));
  return {};
}

Status Socket::notifications(std::string_view what, const std::function<void(const Answer&)>& each) {
  Outcome ignored;
  return receive_all(what, [&](View datagram) { walk(datagram, each, ignored); });
}

}  // namespace cutline::netlink
