// A workload's status port: short HTTP requests, each answered by its path. Never blocks; poll() its descriptors.
#pragma once

#include <poll.h>

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "e2e/workloads/ledger/config.hpp"

namespace cutline::writer {

class StatusPort {
 public:
  // The body of an answer; empty: there is no such path.
  using Answer = std::function<std::string(const std::string& path)>;

  [[nodiscard]] static Result<StatusPort> open(const ledger::Endpoint& endpoint);
  void poll_too(std::vector<pollfd>& descriptors) const;
  void serve(const Answer& answer);

 private:
  struct Guest {
    Fd fd;
    std::string in;
  };
  explicit StatusPort(Fd listener) : listener_(std::move(listener)) {}
  Fd listener_;
  std::list<Guest> guests_;
};

}  // namespace cutline::writer
