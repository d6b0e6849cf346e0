// Writes key:1, key:2, ... = 1, 2, ... over one lasting connection, as fast as the server answers or at a given rate;
// and says on a status port (GET /state, /pause, /resume) how many the server has acknowledged, and whether it ever had
// to connect again.
#pragma once

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "e2e/workloads/ledger/config.hpp"
#include "e2e/workloads/writer/status_port.hpp"

namespace cutline::redis {

using ledger::Endpoint;

struct WriterConfig {
  Endpoint server;
  Endpoint status;
  std::uint64_t rate = 0;     // keys a second; 0: as fast as it can
  std::uint64_t window = 64;  // not yet acknowledged at once
};

class Writer {
 public:
  [[nodiscard]] static Result<Writer> open(const WriterConfig& config);
  // Until something fails that leaves no sense in going on.
  [[nodiscard]] Status run();

 private:
  Writer(WriterConfig config, writer::StatusPort status) : config_(std::move(config)), status_(std::move(status)) {}

  [[nodiscard]] int idle_for() const;
  void connect();
  void lose();
  void take_replies();
  void write_keys();
  void flush();
  [[nodiscard]] std::string answer(const std::string& path);

  WriterConfig config_;
  writer::StatusPort status_;
  Fd server_;
  bool connected_ = false;
  std::string in_, out_;
  std::uint64_t sent_ = 0, acknowledged_ = 0;
  std::uint64_t connections_ = 0, errors_ = 0;
  double tokens_ = 0;
  Instant refilled_{}, next_try_{}, paused_until_{};
};

}  // namespace cutline::redis
