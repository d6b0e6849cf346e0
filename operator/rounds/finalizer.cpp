#include "operator/rounds/finalizer.hpp"

#include "kube/timestamp.hpp"
#include "operator/api/resources.hpp"

namespace cutline::op {
namespace {

using kube::Json;

Status write(kube::Client& client, const kube::Resource& resource, const Json& object, bool present) {
  Json list = object.value(Json::json_pointer("/metadata/finalizers"), Json::array());
  std::erase_if(list.get_ref<Json::array_t&>(), [](const Json& f) { return f == kFinalizer; });
  if (present) list.push_back(kFinalizer);
  const Json patch = {
      {"metadata", {{"resourceVersion", kube::resource_version_of(object)}, {"finalizers", std::move(list)}}}};
  const auto written = client.merge_patch(resource, kube::key_of(object), patch, Deadline::after(Millis{10'000}));
  if (!written && !(written.error().code == Code::NotFound && !present)) return forward(written, "write finalizers");
  return {};
}

}  // namespace

Status add_finalizer(kube::Client& client, const kube::Resource& resource, const Json& object) {
  return write(client, resource, object, true);
}
Status remove_finalizer(kube::Client& client, const kube::Resource& resource, const Json& object) {
  return write(client, resource, object, false);
}

std::chrono::seconds age_of(const Json& object) {
  const auto made = kube::parse_time(kube::string_at(object, "/metadata/creationTimestamp"));
  if (!made) return std::chrono::seconds{0};
  return std::max(std::chrono::seconds{0},
                  std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - *made));
}

}  // namespace cutline::op
