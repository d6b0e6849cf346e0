// The API server's client: JSON in, JSON out, one call one request (list: one a page).
//
// Errors, the same for every call:
//   NotFound 404 | Conflict 409, 410 and 412 | Invalid 400, 413, 422, with the server's own message | Unsupported 403,
//   405, 406, 415 Unavailable: connection failed, 401 after the token was read again, 429, 5xx | Timeout: the deadline
//   passed, the effect is unknown | Corrupt: the answer was not what the API promises.
// A 429 or 5xx that carries Retry-After is repeated within the deadline; nothing else is repeated here: that is the
// queue's job. A connection that dies while a request is under way may make the transport send it AGAIN: create() can
// therefore answer Conflict because of our own first attempt. Use deterministic names, and read on Conflict. Deadlines
// are total: they cover connecting, every retry and the whole body. Thread-safe. Calls block the calling thread, which
// must not be a thread of cpprestsdk's pool.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "kube/config.hpp"
#include "kube/resource.hpp"

namespace cutline::kube {

class Transport;

class Client {
 public:
  // Checks the configuration (PEM, URL); does not contact the server.
  [[nodiscard]] static Result<std::unique_ptr<Client>> connect(Config config);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] Result<Json> get(const Resource& resource, const Key& key, Deadline deadline);

  // `stop` ends it early, as the deadline does. The whole list object, all pages in `items`, each item with its
  // apiVersion and kind. An empty `ns`: all namespaces.
  [[nodiscard]] Result<Json> list(const Resource& resource, const std::string& ns, const std::string& label_selector,
                                  Deadline deadline, const std::string& field_selector = "",
                                  const std::stop_token& stop = {});

  // Namespace and name come from the object's metadata (generateName works). Conflict: it is there already.
  [[nodiscard]] Result<Json> create(const Resource& resource, const Json& object, Deadline deadline);

  // PUT. With metadata.resourceVersion: Conflict if somebody was faster. `subresource`: "status", for example.
  [[nodiscard]] Result<Json> replace(const Resource& resource, const Json& object, Deadline deadline,
                                     const std::string& subresource = "");

  // Server-side apply. Conflict without `force`: another manager owns a field. Creates what is not there.
  [[nodiscard]] Result<Json> apply(const Resource& resource, const Json& object, const std::string& field_manager,
                                   bool force, Deadline deadline, const std::string& subresource = "");

  // JSON merge patch (RFC 7386). A metadata.resourceVersion in the patch is a precondition: Conflict.
  [[nodiscard]] Result<Json> merge_patch(const Resource& resource, const Key& key, const Json& patch, Deadline deadline,
                                         const std::string& subresource = "");

  // Background deletion. With `uid`: only that very object, else Conflict.
  [[nodiscard]] Status remove(const Resource& resource, const Key& key, Deadline deadline, const std::string& uid = "");

  // For what is not an object of a collection: TokenReview, TokenRequest, pods/eviction. `path` starts with '/'.
  [[nodiscard]] Result<Json> post_raw(const std::string& path, const Json& body, Deadline deadline);
  // The body of a 2xx: "/readyz", "/version", a pod's log.
  [[nodiscard]] Result<std::string> get_raw(const std::string& path, Deadline deadline);

  [[nodiscard]] const Config& config() const;

  // For the watch, which reads a stream.
  [[nodiscard]] Transport& transport() { return *transport_; }

 private:
  explicit Client(std::unique_ptr<Transport> transport);
  std::unique_ptr<Transport> transport_;
};

}  // namespace cutline::kube
