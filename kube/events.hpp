// Kubernetes Events about our objects, as `kubectl describe` shows them. Repeats raise the count of one Event.
//
// record() never blocks: a thread of its own writes; when the server is away for long the newest are dropped and
// counted. An Event's name is made of object, component, type, reason and message, so that a repeat, also after a
// restart and by another replica, finds the first. Many different messages under one reason are combined into one
// Event. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "kube/client.hpp"

namespace cutline::kube {

enum class EventType { Normal, Warning };

class Events {
 public:
  // `component`: "cutline-operator"; `instance`: the pod's name. `client` must outlive the recorder.
  Events(Client& client, std::string component, std::string instance);
  // Drops what has not been written, joins the thread.
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // `object`: the whole object, or {apiVersion, kind, metadata: {name, namespace, uid}}. `reason`: CamelCase.
  void record(const Json& object, EventType type, std::string reason, std::string message);

  // Waits until everything recorded so far is written or given up. Timeout: something is still pending.
  [[nodiscard]] Status flush(Deadline deadline);
  // Events not written: the queue was full, or the server refused.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutline::kube
