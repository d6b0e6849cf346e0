// The work queue's rules without its lock: which key may be worked on, and when. Pure: time comes in as a value.
//
// A key is in at most one of: ready, waiting for its time; and besides that possibly in work. Adding a key in work
// marks it: it becomes ready again when its work is done, so a key is never in two workers and no change is lost.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "base/ids.hpp"
#include "kube/backoff.hpp"

namespace cutline::kube {

template <class K>
class QueueCore {
 public:
  explicit QueueCore(BackoffPolicy policy = {}) : policy_(policy) {}

  void add(const K& key) {
    waiting_.erase(key);
    if (working_.contains(key)) {
      again_.insert(key);
    } else if (queued_.insert(key).second) {
      ready_.push_back(key);
    }
  }

  // The earlier of two times wins; a key that is ready already stays so.
  void add_at(const K& key, Instant when) {
    if (queued_.contains(key) || again_.contains(key)) return;
    const auto [at, fresh] = waiting_.try_emplace(key, when);
    if (!fresh && when < at->second) at->second = when;
  }

  // After a failure: later with each in a row.
  Millis retry(const K& key, Instant now, double jitter = 0.0) {
    const auto wait = backoff(policy_, ++failures_[key], jitter);
    add_at(key, now + wait);
    return wait;
  }

  void forget(const K& key) { failures_.erase(key); }

  std::optional<K> take(Instant now) {
    promote(now);
    if (ready_.empty()) return std::nullopt;
    K key = std::move(ready_.front());
    ready_.pop_front();
    queued_.erase(key);
    working_.insert(key);
    return key;
  }

  void done(const K& key) {
    working_.erase(key);
    if (again_.erase(key) != 0) add(key);
  }

  // When take() may have something that it does not have now; none: only after an add() or done().
  [[nodiscard]] std::optional<Instant> next() const {
    std::optional<Instant> soonest;
    for (const auto& [key, when] : waiting_)
      if (!soonest || when < *soonest) soonest = when;
    return soonest;
  }

  [[nodiscard]] std::size_t size() const { return ready_.size() + waiting_.size() + again_.size(); }

 private:
  void promote(Instant now) {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      if (it->second > now) {
        ++it;
        continue;
      }
      const K key = it->first;
      it = waiting_.erase(it);
      add(key);
    }
  }

  BackoffPolicy policy_;
  std::deque<K> ready_;
  std::set<K> queued_, working_, again_;
  std::map<K, Instant> waiting_;
  std::map<K, std::uint32_t> failures_;
};

}  // namespace cutline::kube
