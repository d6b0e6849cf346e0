#include "kube/resource.hpp"

namespace cutline::kube {

std::string to_string(const Key& key) { return key.ns.empty() ? key.name : key.ns + "/" + key.name; }

bool is_being_deleted(const Json& object) { return object.contains(Json::json_pointer("/metadata/deletionTimestamp")); }

Json list_at(const Json& object, std::string_view pointer) {
  const Json::json_pointer at{std::string{pointer}};
  return object.contains(at) ? object.at(at) : Json::array();
}

std::string string_at(const Json& object, std::string_view pointer) {
  const Json* at = &object;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    if (!at->is_object()) return "";
    const auto child = at->find(std::string{pointer.substr(0, end)});
    if (child == at->end()) return "";
    at = &*child;
    pointer.remove_prefix(end);
  }
  return at->is_string() ? at->get<std::string>() : "";
}

Key key_of(const Json& object) {
  return {string_at(object, "/metadata/namespace"), string_at(object, "/metadata/name")};
}
std::string uid_of(const Json& object) { return string_at(object, "/metadata/uid"); }
std::string resource_version_of(const Json& object) { return string_at(object, "/metadata/resourceVersion"); }

std::string url_encode(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string collection_path(const Resource& resource, std::string_view ns) {
  const auto root = resource.group.empty() ? fmt::format("/api/{}", resource.version)
                                           : fmt::format("/apis/{}/{}", resource.group, resource.version);
  if (!resource.namespaced || ns.empty()) return fmt::format("{}/{}", root, resource.plural);
  return fmt::format("{}/namespaces/{}/{}", root, url_encode(ns), resource.plural);
}

Result<std::string> object_path(const Resource& resource, const Key& key, std::string_view subresource) {
  if (key.name.empty()) return fail(Code::Invalid, "{}: an object without a name", resource.plural);
  if (resource.namespaced && key.ns.empty())
    return fail(Code::Invalid, "{} {}: it needs a namespace", resource.plural, key.name);
  auto path = fmt::format("{}/{}", collection_path(resource, key.ns), url_encode(key.name));
  if (!subresource.empty()) path += fmt::format("/{}", subresource);
  return path;
}

}  // namespace cutline::kube
