#include "kube/cache.hpp"

#include <set>

namespace cutline::kube {
namespace {

constexpr std::uint32_t failures_until_relist = 5;
constexpr Millis short_watch{1000};

}  // namespace

std::vector<Key> Cache::replace(const Json& items) {
  std::vector<Key> changed;
  std::set<Key> listed;
  for (const auto& item : items) {
    const auto key = key_of(item);
    listed.insert(key);
    if (apply({WatchEvent::Type::Modified, item})) changed.push_back(key);
  }
  std::erase_if(objects_, [&](const auto& entry) {
    if (listed.contains(entry.first)) return false;
    changed.push_back(entry.first);
    return true;
  });
  return changed;
}

std::optional<Key> Cache::apply(const WatchEvent& event) {
  if (event.type == WatchEvent::Type::Bookmark) return std::nullopt;
  const auto key = key_of(event.object);
  if (event.type == WatchEvent::Type::Deleted) return objects_.erase(key) == 0 ? std::nullopt : std::optional{key};
  auto& held = objects_[key];
  if (held && resource_version_of(*held) == resource_version_of(event.object) && uid_of(*held) == uid_of(event.object))
    return std::nullopt;
  held = std::make_shared<const Json>(event.object);
  return key;
}

Cache::Object Cache::get(const Key& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<Cache::Object> Cache::list() const {
  std::vector<Object> out;
  out.reserve(objects_.size());
  for (const auto& [key, object] : objects_) out.push_back(object);
  return out;
}

AfterWatch after(const WatchEnd& end, std::uint32_t failures) {
  if (!end.error) {
    if (end.delivered || end.lasted >= short_watch) return {false, 0};
    return {failures + 1 >= failures_until_relist, failures + 1};
  }
  const bool cut_off = end.error->code == Code::Unavailable || end.error->code == Code::Timeout;
  const auto in_a_row = end.delivered ? 1 : failures + 1;
  return {!cut_off || in_a_row >= failures_until_relist, in_a_row};
}

}  // namespace cutline::kube
