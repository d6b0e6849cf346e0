// Network namespaces for tests: real ones, made without a name, gone with their last thread and socket.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/fd.hpp"

namespace cutline::testing_net {

// A namespace with a thread that lives in it. Sockets and processes made inside run() belong to it for good.
class Netns {
 public:
  Netns();
  ~Netns();
  Netns(const Netns&) = delete;
  Netns& operator=(const Netns&) = delete;

  void run(std::function<void()> work);     // on the namespace's thread; returns when it is done
  void shell(const std::string& commands);  // throws with the output's end if one fails
  [[nodiscard]] int tid() const { return tid_; }

 private:
  void live();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;
  bool stop_ = false;
  int tid_ = 0;
  std::thread thread_;
};

// Two namespaces joined by a veth: a is 10.77.0.1 and fd77::1, b is 10.77.0.2 and fd77::2; both have lo up.
struct Joined {
  Joined();
  Netns a, b;
};

[[nodiscard]] Fd listen_tcp(Netns& net, const std::string& address, std::uint16_t& port);  // port 0: any
[[nodiscard]] Fd connect_tcp(Netns& net, const std::string& address, std::uint16_t port);
// From a port of one's own; 0: any, told afterwards. The same tuple again while the other end is in TIME-WAIT, if that
// allows it.
[[nodiscard]] Fd connect_from(Netns& net, const std::string& here, std::uint16_t& own_port, const std::string& address,
                              std::uint16_t port);
[[nodiscard]] Fd accept_tcp(const Fd& listener);
[[nodiscard]] Fd udp(Netns& net, const std::string& address, std::uint16_t& port);
void send_to(const Fd& socket, const std::string& address, std::uint16_t port, const std::string& data);
// Polls until `condition` holds; false at the deadline.
[[nodiscard]] bool eventually(std::chrono::milliseconds budget, const std::function<bool()>& condition);
// Sends all; receives exactly `size`. Throw on errors and after 20 s of silence.
void send_all(const Fd& socket, std::string_view data);
[[nodiscard]] std::string receive(const Fd& socket, std::size_t size);
[[nodiscard]] bool readable(const Fd& socket, std::chrono::milliseconds budget);

}  // namespace cutline::testing_net
