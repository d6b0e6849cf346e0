// A local copy of a resource's objects, kept by list and watch on a thread of its own.
//
// The copy may be behind: decide from it, but write with the resourceVersion it showed. A change names only the key;
// the handler reads get(), which is already new. Deletions missed between list and watch are found at the next list.
// The thread survives every failure of the server: it backs off, resumes from the last resourceVersion, or lists again
// when that has expired (410).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "kube/client.hpp"

namespace cutline::kube {

struct InformerOptions {
  std::string ns;  // empty: all namespaces
  std::string label_selector;
  std::string field_selector;
};

class Informer {
 public:
  // Called on the informer's thread for each object added, changed or gone; must not block for long.
  using OnChange = std::function<void(const Key&)>;
  using Object = std::shared_ptr<const Json>;

  // Starts at once. `client` must outlive the informer.
  Informer(Client& client, Resource resource, InformerOptions options, OnChange on_change);
  // Stops the watch and joins the thread; on_change is not called afterwards.
  ~Informer();
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  // True after the first whole list, for ever.
  [[nodiscard]] bool synced() const;
  // Timeout: with the last error the server gave.
  [[nodiscard]] Status wait_synced(Deadline deadline) const;

  // nullptr: not there. Snapshots: they never change under the reader. Thread-safe.
  [[nodiscard]] Object get(const Key& key) const;
  [[nodiscard]] std::vector<Object> list() const;

  // How often whole lists were read; for metrics and tests.
  [[nodiscard]] std::uint64_t lists() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutline::kube
