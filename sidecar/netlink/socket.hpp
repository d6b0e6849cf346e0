// A netlink socket of the network namespace in which it was opened, wherever its thread goes later.
//
// The kernel works a request off inside send(2) and its answers are in the receive buffer when send returns; further
// parts of a dump are made inside recv(2). So nothing here waits: it reads until there is no more. One thread at a
// time.
#pragma once

#include "base/fd.hpp"
#include "sidecar/netlink/message.hpp"

namespace cutline::netlink {

// One answer of the kernel: its type and what stands behind the netlink header.
struct Answer {
  std::uint16_t type = 0;
  View payload;
};

class Socket {
 public:
  // `protocol` as NETLINK_NETFILTER, NETLINK_SOCK_DIAG.
  [[nodiscard]] static Result<Socket> open(int protocol);

  // Sends one message and asks for its acknowledgement. Error: what the kernel says, its errno mapped by fail_errno.
  [[nodiscard]] Status request(Message message, std::string_view what);
  // Sends one message and hands every data answer to `each` (of a dump: all parts).
  [[nodiscard]] Status query(Message message, std::string_view what, const std::function<void(const Answer&)>& each);
  // nfnetlink: all messages in one transaction of `subsystem`, carried out together or not at all.
  [[nodiscard]] Status transaction(std::uint16_t subsystem, std::vector<Message> messages, std::string_view what);
  // Data messages are thrown away in the kernel from now on; acknowledgements and errors still arrive. For listeners
  // whose messages nobody needs, as the receive buffer then never fills.
  [[nodiscard]] Status ignore_data();
  // A group of notifications, which arrive unasked from now on. Use a socket of its own for them.
  [[nodiscard]] Status join(int group);
  // Hands every notification that has arrived to `each`. Exhausted: the receive buffer was full, so that some are lost;
  // go on.
  [[nodiscard]] Status notifications(std::string_view what, const std::function<void(const Answer&)>& each);
  // For poll(2), nothing else.
  [[nodiscard]] int descriptor() const { return fd_.get(); }

 private:
  explicit Socket(Fd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] Status send(View bytes, std::string_view what);
  [[nodiscard]] Status collect(std::string_view what, const std::function<void(const Answer&)>& each);
  // All that lies in the receive buffer, by the datagram.
  [[nodiscard]] Status receive_all(std::string_view what, const std::function<void(View)>& each);

  Fd fd_;
  std::uint32_t sequence_ = 0;
  std::vector<std::byte> buffer_;  // for answers, kept between calls
};

}  // namespace cutline::netlink
