// Writes without end: each series over one lasting connection of its own, the next write when the one before is
// acknowledged. What is acknowledged is known in memory alone, so it goes back with a rollback. A series whose
// connection fails has ended for good: nobody reconnects here.
//
// A status port answers GET /state, /pause, /resume.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "e2e/workloads/writer/judge.hpp"
#include "e2e/workloads/writer/status_port.hpp"

namespace cutline::writer {

struct WriterConfig {
  std::vector<Endpoint> servers;  // series i writes to server i, counted round
  Endpoint status;
  Series series = 4;
  std::uint64_t rate = 0;  // writes a second, of all series together; 0: as fast as it can
};

class Writer {
 public:
  // Waits until the servers are there.
  Writer(const Kind& kind, WriterConfig config);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Until the status port fails.
  [[nodiscard]] Status run();

 private:
  struct Line {
    std::mutex mutex;  // of `state` and `repeats`
    SeriesState state;
    std::uint64_t repeats = 0;
  };
  void write_series(Series series, const std::stop_token& stop);
  [[nodiscard]] std::unique_ptr<Connection> connect(Series series, const std::stop_token& stop) const;
  void wait_for_turn(Instant began, const std::stop_token& stop) const;
  [[nodiscard]] std::string answer(const std::string& path);
  [[nodiscard]] WriterState state();

  const Kind kind_;
  const WriterConfig config_;
  std::atomic<Instant> paused_until_{Instant{}};
  std::vector<Line> lines_;
  std::vector<std::jthread> threads_;
};

}  // namespace cutline::writer
