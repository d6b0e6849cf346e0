// Names of things in the API server: a resource type, an object's key, and the paths made of them. Values and pure
// functions.
#pragma once

#include <compare>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cutline::kube {

using Json = nlohmann::json;

// A served type: {"cutline.dev", "v1alpha1", "rollbacks"}; the core group is "".
struct Resource {
  std::string group, version, plural;
  bool namespaced = true;
};

// An object's name; `ns` is empty for what is not namespaced.
struct Key {
  std::string ns, name;
  auto operator<=>(const Key&) const = default;
};

// "ns/name", or "name": for messages.
[[nodiscard]] std::string to_string(const Key& key);

// Parts of an object's metadata; empty where absent. Never throw.
[[nodiscard]] Key key_of(const Json& object);
[[nodiscard]] std::string uid_of(const Json& object);
[[nodiscard]] std::string resource_version_of(const Json& object);
[[nodiscard]] bool is_being_deleted(const Json& object);  // gone once its finalizers are
// The string at `pointer` ("/spec/nodeName"), or "".
[[nodiscard]] std::string string_at(const Json& object, std::string_view pointer);
// What is at `pointer`, or an empty list.
[[nodiscard]] Json list_at(const Json& object, std::string_view pointer);

// "/apis/cutline.dev/v1alpha1/namespaces/NS/rollbacks"; an empty `ns` means all namespaces.
[[nodiscard]] std::string collection_path(const Resource& resource, std::string_view ns);
// Invalid if the name is empty, or the namespace of a namespaced resource is.
[[nodiscard]] Result<std::string> object_path(const Resource& resource, const Key& key,
                                              std::string_view subresource = "");
// Percent-encodes everything but the unreserved characters of RFC 3986.
[[nodiscard]] std::string url_encode(std::string_view text);

}  // namespace cutline::kube
