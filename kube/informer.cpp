#include "kube/informer.hpp"

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "base/log.hpp"
#include "kube/backoff.hpp"
#include "kube/cache.hpp"

namespace cutline::kube {
namespace {

constexpr Millis list_budget{30'000};
constexpr Millis open_budget{15'000};
constexpr Millis watch_budget{300'000};  // a little more than the server's own 290 s
constexpr BackoffPolicy between_lists{Millis{100}, Millis{5'000}};

// Empty: the next thing to do is a list.
using ResumeFrom = std::string;

}  // namespace

struct Informer::Impl {
  Client& client;
  const Resource resource;
  const InformerOptions options;
  const OnChange on_change;

  // What the readers and the thread share, with its lock.
  mutable std::mutex mutex;
  mutable std::condition_variable_any moved;
  Cache cache;
  std::uint64_t lists = 0;
  Error last_error{Code::Timeout, "nothing has been read yet"};

  std::minstd_rand random{std::random_device{}()};
  std::jthread thread;  // last: it uses all the others

  Impl(Client& c, Resource r, InformerOptions o, OnChange f)
      : client(c), resource(std::move(r)), options(std::move(o)), on_change(std::move(f)) {
    thread = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }

  void run(const std::stop_token& stop) {
    ResumeFrom from;
    std::uint32_t failures = 0;
    while (!stop.stop_requested()) {
      if (from.empty()) {
        if (auto listed = read_list(stop)) {
          from = std::move(*listed);
        } else {
          note(listed.error());
          rest(stop, ++failures);
          continue;
        }
      }
      const auto end = follow(from, stop);
      if (stop.stop_requested()) return;
      if (end.error) note(*end.error);
      const auto next = after(end, failures);
      if (next.relist) from.clear();
      rest(stop, failures = next.failures);
    }
  }

  Result<ResumeFrom> read_list(const std::stop_token& stop) {
    const auto whole = client.list(resource, options.ns, options.label_selector, Deadline::after(list_budget),
                                   options.field_selector, stop);
    if (!whole) return tl::unexpected(whole.error());
    auto version = resource_version_of(*whole);
    if (version.empty()) return fail(Code::Corrupt, "list {}: no resourceVersion", resource.plural);
    std::vector<Key> changed;
    {
      const std::scoped_lock lock{mutex};
      changed = cache.replace((*whole)["items"]);
      ++lists;
    }
    for (const auto& key : changed) on_change(key);
    moved.notify_all();
    return version;
  }

  // Moves `from` on with each event.
  WatchEnd follow(ResumeFrom& from, const std::stop_token& stop) {
    const auto began = std::chrono::steady_clock::now();
    WatchEnd end;
    const auto finish = [&](std::optional<Error> error) {
      end.lasted = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - began);
      end.error = std::move(error);
      return end;
    };
    const auto path = watch_path(resource, options.ns, options.label_selector, options.field_selector, from);
    auto watch = Watch::open(client.transport(), path, stop, Deadline::after(open_budget));
    if (!watch) return finish(watch.error());
    const auto deadline = Deadline::after(watch_budget);
    while (true) {
      const auto event = watch->next(stop, deadline);
      if (!event) return finish(event.error());
      if (!*event) return finish(std::nullopt);
      end.delivered = true;
      take(**event);
      from = resource_version_of((*event)->object);
    }
  }

  void take(const WatchEvent& event) {
    std::optional<Key> changed;
    {
      const std::scoped_lock lock{mutex};
      changed = cache.apply(event);
    }
    if (changed) on_change(*changed);
  }

  void note(const Error& error) {
    log::info("an informer reads again", {{"resource", resource.plural}, {"error", error}});
    const std::scoped_lock lock{mutex};
    last_error = error;
  }

  void rest(const std::stop_token& stop, std::uint32_t failures) {
    const auto wait = backoff(between_lists, failures, std::uniform_real_distribution<double>{0.0, 1.0}(random));
    std::unique_lock lock{mutex};
    moved.wait_for(lock, stop, wait, [] { return false; });
  }
};

Informer::Informer(Client& client, Resource resource, InformerOptions options, OnChange on_change)
    : impl_(std::make_unique<Impl>(client, std::move(resource), std::move(options), std::move(on_change))) {}
Informer::~Informer() = default;

bool Informer::synced() const { return lists() > 0; }

Status Informer::wait_synced(Deadline deadline) const {
  std::unique_lock lock{impl_->mutex};
  if (impl_->moved.wait_until(lock, deadline.instant(), [this] { return impl_->lists > 0; })) return {};
  return fail(Code::Timeout, "{} are not listed yet: {}", impl_->resource.plural, impl_->last_error.message);
}

Informer::Object Informer::get(const Key& key) const {
  const std::scoped_lock lock{impl_->mutex};
  return impl_->cache.get(key);
}

std::vector<Informer::Object> Informer::list() const {
  const std::scoped_lock lock{impl_->mutex};
  return impl_->cache.list();
}

std::uint64_t Informer::lists() const {
  const std::scoped_lock lock{impl_->mutex};
  return impl_->lists;
}

}  // namespace cutline::kube
