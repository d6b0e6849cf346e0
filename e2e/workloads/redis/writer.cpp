#include "e2e/workloads/redis/writer.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "e2e/workloads/ledger/network.hpp"
#include "e2e/workloads/redis/resp.hpp"

namespace cutline::redis {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr Millis try_again = 200ms, look_up = 500ms;
constexpr auto longest_pause = 60s;  // a checker that dies does not stop the workload for ever
// With a rate, keys are written in bursts of five milliseconds' worth: a writer that does little costs little.
double burst(std::uint64_t rate) { return std::max(1.0, static_cast<double>(rate) / 200); }

}  // namespace

Result<Writer> Writer::open(const WriterConfig& config) {
  auto status = writer::StatusPort::open(config.status);
  if (!status) return tl::unexpected(status.error());
  return Writer{config, std::move(*status)};
}

Status Writer::run() {
  for (;;) {
    const bool writes = server_ && (!connected_ || !out_.empty());
    std::vector<pollfd> ready{{server_.get(), static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0}};
    status_.poll_too(ready);
    if (::poll(ready.data(), ready.size(), idle_for()) < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (!server_ && Clock::now() >= next_try_) connect();
    if (server_ && !connected_ && (ready[0].revents & POLLOUT) != 0) {
      connected_ = ledger::connect_error(server_.get()) == 0;
      if (connected_)
        ++connections_;
      else
        lose();
    }
    if (connected_) take_replies();
    if (connected_) write_keys();
    if (connected_) flush();
    status_.serve([this](const std::string& path) { return answer(path); });
  }
}

int Writer::idle_for() const {
  const bool room = connected_ && sent_ - acknowledged_ < config_.window;
  if (!room || Clock::now() < paused_until_) return static_cast<int>(try_again.count());
  const double missing = burst(config_.rate) - tokens_;
  if (config_.rate == 0 || missing <= 0) return 0;
  return 1 + static_cast<int>(std::min(200.0, missing * 1000 / static_cast<double>(config_.rate)));
}

void Writer::connect() {
  next_try_ = Clock::now() + try_again;
  const auto address = ledger::resolve(config_.server, Deadline::after(look_up));
  if (!address) return;
  if (auto fd = ledger::begin_connect(*address)) server_ = std::move(*fd);
}

// What was not acknowledged is written again: the same keys with the same values.
void Writer::lose() {
  server_ = Fd{};
  connected_ = false;
  in_.clear();
  out_.clear();
  sent_ = acknowledged_;
  next_try_ = Clock::now() + try_again;
}

void Writer::take_replies() {
  char bytes[16384];
  const ssize_t n = ::recv(server_.get(), bytes, sizeof bytes, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return lose();
  if (n > 0) in_.append(bytes, static_cast<std::size_t>(n));
  std::string_view rest = in_;
  while (const auto reply = take_reply(rest)) {
    if (reply->type != '+' || acknowledged_ == sent_) {
      ++errors_;
      return lose();
    }
    ++acknowledged_;
  }
  in_.erase(0, in_.size() - rest.size());
}

void Writer::write_keys() {
  const auto now = Clock::now();
  const auto rate = static_cast<double>(config_.rate);
  // At most a tenth of a second's worth at once, however far the clock has jumped.
  tokens_ = std::min(std::max(rate / 10, 1.0), tokens_ + rate * std::chrono::duration<double>(now - refilled_).count());
  refilled_ = now;
  if (config_.rate != 0 && tokens_ < burst(config_.rate)) return;
  while (now >= paused_until_ && sent_ - acknowledged_ < config_.window && (config_.rate == 0 || tokens_ >= 1)) {
    const auto number = std::to_string(++sent_);
    append_command(out_, {"SET", "key:" + number, number});
    tokens_ -= 1;
  }
}

void Writer::flush() {
  while (!out_.empty()) {
    const ssize_t n = ::send(server_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) return lose();
    out_.erase(0, static_cast<std::size_t>(n));
  }
}

std::string Writer::answer(const std::string& path) {
  if (path == "/pause")
    paused_until_ = Clock::now() + longest_pause;
  else if (path == "/resume")
    paused_until_ = {};
  else if (path != "/state")
    return {};
  const auto reconnects = connections_ == 0 ? 0 : connections_ - 1;
  return fmt::format(
      "{{\"acknowledged\":{},\"sent\":{},\"connected\":{},\"reconnects\":{},\"errors\":{},\"paused\":{}}}\n",
      acknowledged_, sent_, connected_, reconnects, errors_, Clock::now() < paused_until_);
}

}  // namespace cutline::redis
