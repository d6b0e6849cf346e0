// An Event as an object of the API, and the name by which its repeats are recognised. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "kube/events.hpp"
#include "kube/resource.hpp"

namespace cutline::kube {

struct EventRecord {
  Json involved;  // an ObjectReference
  EventType type = EventType::Normal;
  std::string reason, message;
};

// The part of an object that an Event refers to it by.
[[nodiscard]] Json reference_to(const Json& object);

// Namespace: the object's, or "default" for what has none. The name is a function of the record and the component.
[[nodiscard]] Key event_key(const EventRecord& record, const std::string& component);

// A first Event, count 1; `now` in RFC 3339.
[[nodiscard]] Json make_event(const EventRecord& record, const Key& key, const std::string& component,
                              const std::string& instance, const std::string& now);
// The patch that counts `existing` up, with its resourceVersion as precondition.
[[nodiscard]] Json count_up(const Json& existing, const std::string& now);

// Many messages that differ only a little (a number, a time) under one reason would each make an Event: after `limit`
// of them for one object, the rest become one.
class Aggregator {
 public:
  explicit Aggregator(std::size_t limit = 10) : limit_(limit) {}
  [[nodiscard]] EventRecord combine(EventRecord record);

 private:
  std::size_t limit_;
  std::map<std::string, std::set<std::uint64_t>> messages_;  // by object, type and reason: hashes of the messages seen
};

}  // namespace cutline::kube
