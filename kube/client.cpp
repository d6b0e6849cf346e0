#include "kube/client.hpp"

#include <thread>

#include "kube/transport.hpp"

namespace cutline::kube {
namespace {

constexpr int page_size = 500;
constexpr int most_repeats = 10;

// The server said when: before it did anything, so that repeating is safe for every method.
Result<HttpResponse> send(Transport& transport, const HttpRequest& request, Deadline deadline,
                          const std::stop_token& stop = {}) {
  for (int repeats = 0;; ++repeats) {
    auto response = transport.send(request, deadline, stop);
    if (!response || (response->status != 429 && response->status < 500)) return response;
    const auto wait = retry_after(*response);
    if (!wait || *wait >= deadline.left() || repeats == most_repeats) return response;
    std::this_thread::sleep_for(std::max(*wait, Millis{100}));
  }
}

Result<Json> call(Transport& transport, const HttpRequest& request, Deadline deadline) {
  const auto response = send(transport, request, deadline);
  if (!response) return tl::unexpected(response.error());
  return json_of(request, *response);
}

HttpRequest with_body(std::string method, std::string path, const Json& body, std::string type = "application/json") {
  // Invalid UTF-8 in a message must not throw here; the server would refuse it anyway.
  return {std::move(method), std::move(path), body.dump(-1, ' ', false, Json::error_handler_t::replace),
          std::move(type)};
}

std::string list_query(const std::string& labels, const std::string& fields, bool paged, const std::string& next) {
  std::string query = paged ? fmt::format("?limit={}", page_size) : "?limit=0";
  if (!labels.empty()) query += "&labelSelector=" + url_encode(labels);
  if (!fields.empty()) query += "&fieldSelector=" + url_encode(fields);
  if (!next.empty()) query += "&continue=" + url_encode(next);
  return query;
}

// "RollbackList" holds Rollbacks; the server leaves kind and apiVersion out of the items.
void name_items(Json& list) {
  auto kind = string_at(list, "/kind");
  if (kind.ends_with("List")) kind.resize(kind.size() - 4);
  const auto version = string_at(list, "/apiVersion");
  for (auto& item : list["items"]) {
    if (!item.contains("kind")) item["kind"] = kind;
    if (!item.contains("apiVersion")) item["apiVersion"] = version;
  }
}

Status take_page(Json& whole, Json page, const std::string& path) {
  if (!page["items"].is_array() && !page["items"].is_null()) return fail(Code::Corrupt, "GET {}: no items", path);
  if (page["items"].is_null()) page["items"] = Json::array();
  if (whole.is_null()) {
    whole = std::move(page);
    return {};
  }
  for (auto& item : page["items"]) whole["items"].push_back(std::move(item));
  return {};
}

}  // namespace

Client::Client(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}
Client::~Client() = default;
const Config& Client::config() const { return transport_->config(); }

Result<std::unique_ptr<Client>> Client::connect(Config config) {
  auto transport = Transport::open(std::move(config));
  if (!transport) return tl::unexpected(transport.error());
  return std::unique_ptr<Client>{new Client{std::move(*transport)}};
}

Result<Json> Client::get(const Resource& resource, const Key& key, Deadline deadline) {
  const auto path = object_path(resource, key);
  if (!path) return tl::unexpected(path.error());
  return call(*transport_, {"GET", *path, "", ""}, deadline);
}

Result<Json> Client::list(const Resource& resource, const std::string& ns, const std::string& label_selector,
                          Deadline deadline, const std::string& field_selector, const std::stop_token& stop) {
  const auto path = collection_path(resource, ns);
  Json whole;
  std::string next;
  bool paged = true;
  do {
    const HttpRequest request{"GET", path + list_query(label_selector, field_selector, paged, next), "", ""};
    const auto response = send(*transport_, request, deadline, stop);
    if (!response) return tl::unexpected(response.error());
    if (response->status == 410 && paged && !next.empty()) {  // the snapshot of the first page is gone: all at once
      paged = false;
      next.clear();
      whole = nullptr;
      continue;
    }
    auto page = json_of(request, *response);
    if (!page) return page;
    next = string_at(*page, "/metadata/continue");
    if (auto taken = take_page(whole, std::move(*page), path); !taken) return tl::unexpected(taken.error());
  } while (!next.empty() || whole.is_null());
  name_items(whole);
  return whole;
}

Result<Json> Client::create(const Resource& resource, const Json& object, Deadline deadline) {
  const auto ns = key_of(object).ns;
  if (resource.namespaced && ns.empty()) return fail(Code::Invalid, "create {}: it needs a namespace", resource.plural);
  return call(*transport_, with_body("POST", collection_path(resource, ns), object), deadline);
}

Result<Json> Client::replace(const Resource& resource, const Json& object, Deadline deadline,
                             const std::string& subresource) {
  auto path = object_path(resource, key_of(object), subresource);
  if (!path) return tl::unexpected(path.error());
  return call(*transport_, with_body("PUT", std::move(*path), object), deadline);
}

Result<Json> Client::apply(const Resource& resource, const Json& object, const std::string& field_manager, bool force,
                           Deadline deadline, const std::string& subresource) {
  auto path = object_path(resource, key_of(object), subresource);
  if (!path) return tl::unexpected(path.error());
  *path += fmt::format("?fieldManager={}&force={}", url_encode(field_manager), force);
  return call(*transport_, with_body("PATCH", std::move(*path), object, "application/apply-patch+yaml"), deadline);
}

Result<Json> Client::merge_patch(const Resource& resource, const Key& key, const Json& patch, Deadline deadline,
                                 const std::string& subresource) {
  auto path = object_path(resource, key, subresource);
  if (!path) return tl::unexpected(path.error());
  return call(*transport_, with_body("PATCH", std::move(*path), patch, "application/merge-patch+json"), deadline);
}

Status Client::remove(const Resource& resource, const Key& key, Deadline deadline, const std::string& uid) {
  auto path = object_path(resource, key);
  if (!path) return tl::unexpected(path.error());
  Json options{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}};
  if (!uid.empty()) options["preconditions"] = {{"uid", uid}};
  const auto answer = call(*transport_, with_body("DELETE", std::move(*path), options), deadline);
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

Result<Json> Client::post_raw(const std::string& path, const Json& body, Deadline deadline) {
  return call(*transport_, with_body("POST", path, body), deadline);
}

Result<std::string> Client::get_raw(const std::string& path, Deadline deadline) {
  const HttpRequest request{"GET", path, "", ""};
  auto response = send(*transport_, request, deadline);
  if (!response) return tl::unexpected(response.error());
  if (response->status < 200 || response->status > 299) return tl::unexpected(error_of(request, *response));
  return std::move(response->body);
}

}  // namespace cutline::kube
