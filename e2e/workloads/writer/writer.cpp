#include "e2e/workloads/writer/writer.hpp"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "e2e/workloads/writer/value.hpp"

namespace cutline::writer {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr Millis try_again = 300ms, to_connect = 5s, between_looks = 20ms, status_look = 1s;
constexpr auto longest_pause = 60s;  // a checker that dies does not stop the workload for ever

}  // namespace

Writer::Writer(const Kind& kind, WriterConfig config)
    : kind_(kind), config_(std::move(config)), lines_(config_.series) {
  for (Series series = 0; series < config_.series; ++series)
    threads_.emplace_back([this, series](const std::stop_token& stop) { write_series(series, stop); });
}

Writer::~Writer() {
  for (auto& thread : threads_) thread.request_stop();
}

std::unique_ptr<Connection> Writer::connect(Series series, const std::stop_token& stop) const {
  const auto& server = config_.servers[series % config_.servers.size()];
  for (std::string why; !stop.stop_requested();) {
    auto connection = kind_.connect(server, Deadline::after(to_connect));
    const auto prepared = connection ? (*connection)->prepare() : Status{tl::unexpected(connection.error())};
    if (prepared) return std::move(*connection);
    if (prepared.error().message != std::exchange(why, prepared.error().message))
      fmt::print(stderr, "series {} waits for {}: {}\n", series, server.host, why);
    std::this_thread::sleep_for(try_again);
  }
  return nullptr;
}

void Writer::write_series(Series series, const std::stop_token& stop) {
  const auto connection = connect(series, stop);
  auto& line = lines_[series];
  for (std::uint64_t number = 1; connection && !stop.stop_requested(); ++number) {
    const auto began = Clock::now();
    {
      const std::lock_guard lock{line.mutex};
      line.state.sent = number;
    }
    const auto written = connection->write(write_of(series, number));
    {
      const std::lock_guard lock{line.mutex};
      line.repeats = connection->repeats();
      if (!written) {
        line.state.error = written.error().message;
        return;
      }
      line.state.acknowledged = number;
    }
    wait_for_turn(began, stop);
  }
}

void Writer::wait_for_turn(Instant began, const std::stop_token& stop) const {
  if (config_.rate != 0) {
    const auto interval = std::chrono::microseconds{1'000'000 * std::uint64_t{config_.series} / config_.rate};
    // However far the clock jumps meanwhile, no longer than one interval.
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(began + interval - Clock::now());
    std::this_thread::sleep_for(std::clamp(left, std::chrono::microseconds{0}, interval));
  }
  while (!stop.stop_requested() && Clock::now() < paused_until_.load()) std::this_thread::sleep_for(between_looks);
}

Status Writer::run() {
  auto port = StatusPort::open(config_.status);
  if (!port) return tl::unexpected(port.error());
  for (;;) {
    std::vector<pollfd> ready;
    port->poll_too(ready);
    if (::poll(ready.data(), ready.size(), static_cast<int>(status_look.count())) < 0 && errno != EINTR)
      return fail_errno(errno, "poll");
    port->serve([this](const std::string& path) { return answer(path); });
  }
}

std::string Writer::answer(const std::string& path) {
  if (path == "/pause")
    paused_until_ = Clock::now() + longest_pause;
  else if (path == "/resume")
    paused_until_ = Instant{};
  else if (path != "/state")
    return {};
  return to_json(state()).dump() + "\n";
}

WriterState Writer::state() {
  WriterState out;
  out.paused = Clock::now() < paused_until_.load();
  for (auto& line : lines_) {
    const std::lock_guard lock{line.mutex};
    out.series.push_back(line.state);
    out.repeats += line.repeats;
  }
  return out;
}

}  // namespace cutline::writer
