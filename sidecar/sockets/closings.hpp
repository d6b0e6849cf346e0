// What the kernel tells of each TCP socket as it goes: its final counters.
//
// Notifications of the network namespace of the thread that calls start(), at no cost per packet; about 5000 a second
// were complete with the 8 MB that wait here for a thread of ours. What a receive buffer cannot take is lost, and said.
// linux/sock_diag.h, SKNLGRP_INET_TCP_DESTROY.
#pragma once

#include <mutex>
#include <thread>

#include "sidecar/netlink/socket.hpp"
#include "sidecar/sockets/socket_info.hpp"

namespace cutline::sockets {

class Closings {
 public:
  // Unsupported: this kernel does not tell. `buffer`: bytes that the kernel may keep until our thread runs.
  [[nodiscard]] static Result<std::unique_ptr<Closings>> start(int buffer = 8 << 20);
  ~Closings();

  struct Taken {
    Sockets gone;          // in state Close
    bool complete = true;  // false: there were others
  };
  // Since the last call. Thread-safe. The kernel may be some milliseconds late.
  [[nodiscard]] Taken take();

 private:
  Closings(netlink::Socket socket, Fd stop) : socket_(std::move(socket)), stop_(std::move(stop)) {}
  void listen();
  void read();

  netlink::Socket socket_;  // the thread's
  Fd stop_;
  std::mutex mutex_;
  Taken taken_;
  std::jthread thread_;
};

}  // namespace cutline::sockets
