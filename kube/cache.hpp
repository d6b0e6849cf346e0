// What an informer knows, and what it does next when a watch ends. Pure: no lock, no I/O, no clock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "kube/resource.hpp"
#include "kube/watch.hpp"

namespace cutline::kube {

class Cache {
 public:
  using Object = std::shared_ptr<const Json>;

  // Takes a whole list; returns the keys that are new, changed, or gone without our having seen it (ghosts).
  [[nodiscard]] std::vector<Key> replace(const Json& items);
  // Takes a watch event; returns its key unless nothing has changed.
  [[nodiscard]] std::optional<Key> apply(const WatchEvent& event);

  [[nodiscard]] Object get(const Key& key) const;
  [[nodiscard]] std::vector<Object> list() const;

 private:
  std::map<Key, Object> objects_;
};

// How a watch ended.
struct WatchEnd {
  bool delivered = false;      // at least one event or bookmark came
  Millis lasted{0};            //
  std::optional<Error> error;  // none: the stream ended in order
};

// What to do then.
struct AfterWatch {
  bool relist = false;
  std::uint32_t failures = 0;  // in a row; the wait is backoff(policy, failures)
};

// Expired (410) or incomprehensible: list again. Cut off or at its end: resume. A stream that ends at once and empty
// counts as a failure, so that it is not opened in a busy loop; after several failures in a row the resourceVersion is
// doubted too.
[[nodiscard]] AfterWatch after(const WatchEnd& end, std::uint32_t failures);

}  // namespace cutline::kube
