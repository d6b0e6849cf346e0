// The kernel's packet queue (NFQUEUE) as a place where packets wait. They stay in the kernel and nothing is read here.
//
// While `hold` is on and the queue is full, what comes is dropped, never let through. The queue and what waits in it go
// when the process does. One thread at a time. linux/netfilter/nfnetlink_queue.h.
#pragma once

#include "sidecar/netlink/socket.hpp"

namespace cutline::gate {

class PacketQueue {
 public:
  // In the calling thread's network namespace. Conflict: another process listens on this number.
  [[nodiscard]] static Result<PacketQueue> bind(std::uint16_t number);

  [[nodiscard]] Status hold();     // what comes from now on waits
  [[nodiscard]] Status release();  // lets go what waits, in order; what still comes passes at once
  [[nodiscard]] Status discard();  // drops what waits; what comes from now on waits
  [[nodiscard]] bool holding() const { return holding_; }

 private:
  PacketQueue(netlink::Socket socket, std::uint16_t number) : socket_(std::move(socket)), number_(number) {}
  [[nodiscard]] netlink::Message message(int type) const;
  [[nodiscard]] Status command(std::uint8_t command);
  [[nodiscard]] Status fail_open(bool on);
  [[nodiscard]] Status limit(std::uint32_t packets);
  [[nodiscard]] Status verdict(std::uint32_t verdict);

  netlink::Socket socket_;
  std::uint16_t number_;
  bool holding_ = false;
};

}  // namespace cutline::gate
