#include "kube/events.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "kube/backoff.hpp"
#include "kube/event_object.hpp"
#include "kube/timestamp.hpp"

namespace cutline::kube {
namespace {

constexpr std::size_t most_waiting = 1000;
constexpr std::uint32_t most_attempts = 8;
constexpr Millis call_budget{5'000};
constexpr BackoffPolicy between_sends{Millis{100}, Millis{10'000}};
const Resource events_resource{"", "v1", "events"};

std::string now() { return rfc3339(std::chrono::system_clock::now()); }

}  // namespace

struct Events::Impl {
  Client& client;
  const std::string component, instance;

  mutable std::mutex mutex;
  mutable std::condition_variable_any moved;
  std::deque<EventRecord> waiting;
  bool writing = false;
  std::uint64_t dropped = 0;

  Aggregator aggregator;  // the thread's own
  std::jthread thread;    // last: it uses all the others

  Impl(Client& c, std::string from, std::string who) : client(c), component(std::move(from)), instance(std::move(who)) {
    thread = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }

  void run(const std::stop_token& stop) {
    while (auto record = take(stop)) {
      const auto written = write(aggregator.combine(std::move(*record)), stop);
      if (!written) log::warn("an event could not be written", {{"error", written.error()}});
      const std::scoped_lock lock{mutex};
      if (!written) ++dropped;
      writing = false;
      moved.notify_all();
    }
  }

  std::optional<EventRecord> take(const std::stop_token& stop) {
    std::unique_lock lock{mutex};
    if (!moved.wait(lock, stop, [this] { return !waiting.empty(); }) || stop.stop_requested()) return std::nullopt;
    auto record = std::move(waiting.front());
    waiting.pop_front();
    writing = true;
    return record;
  }

  // Repeats what may succeed later; the last error otherwise.
  Status write(const EventRecord& record, const std::stop_token& stop) {
    const auto key = event_key(record, component);
    Status last;
    for (std::uint32_t attempt = 1; attempt <= most_attempts && !stop.stop_requested(); ++attempt) {
      last = write_once(record, key);
      if (last) return last;
      const auto code = last.error().code;
      if (code == Code::Conflict || code == Code::NotFound) continue;  // another was faster: look again
      if (code != Code::Unavailable && code != Code::Timeout) return last;
      std::unique_lock lock{mutex};
      moved.wait_for(lock, stop, backoff(between_sends, attempt), [] { return false; });
    }
    return last;
  }

  Status write_once(const EventRecord& record, const Key& key) {
    const auto existing = client.get(events_resource, key, Deadline::after(call_budget));
    if (existing)
      return outcome(
          client.merge_patch(events_resource, key, count_up(*existing, now()), Deadline::after(call_budget)));
    if (existing.error().code != Code::NotFound) return tl::unexpected(existing.error());
    return outcome(client.create(events_resource, make_event(record, key, component, instance, now()),
                                 Deadline::after(call_budget)));
  }

  static Status outcome(const Result<Json>& answer) {
    if (!answer) return tl::unexpected(answer.error());
    return {};
  }
};

Events::Events(Client& client, std::string component, std::string instance)
    : impl_(std::make_unique<Impl>(client, std::move(component), std::move(instance))) {}
Events::~Events() = default;

void Events::record(const Json& object, EventType type, std::string reason, std::string message) {
  EventRecord record{reference_to(object), type, std::move(reason), std::move(message)};
  const std::scoped_lock lock{impl_->mutex};
  if (impl_->waiting.size() >= most_waiting) {
    ++impl_->dropped;
    return;
  }
  impl_->waiting.push_back(std::move(record));
  impl_->moved.notify_all();
}

Status Events::flush(Deadline deadline) {
  std::unique_lock lock{impl_->mutex};
  const auto idle = [this] { return impl_->waiting.empty() && !impl_->writing; };
  if (impl_->moved.wait_until(lock, deadline.instant(), idle)) return {};
  return fail(Code::Timeout, "{} events are still waiting", impl_->waiting.size());
}

std::uint64_t Events::dropped() const {
  const std::scoped_lock lock{impl_->mutex};
  return impl_->dropped;
}

}  // namespace cutline::kube
