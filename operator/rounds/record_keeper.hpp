// Writes an object's status so that a record is durable, however long the API server is away.
#pragma once

#include <functional>
#include <stop_token>

#include "kube/client.hpp"

namespace cutline::op {

using kube::Json;

// The operator's copy of one object, and the only way in which its status is written: with the resourceVersion that the
// copy has, so that a coordinator which has been replaced cannot write over its successor.
class RecordKeeper {
 public:
  RecordKeeper(kube::Client& client, kube::Resource resource, Json object)
      : client_(client), resource_(std::move(resource)), object_(std::move(object)) {}

  [[nodiscard]] const Json& object() const { return object_; }
  [[nodiscard]] kube::Key key() const { return kube::key_of(object_); }

  // `change` edits the status of the copy that it is given. It is called again after a conflict, with the newer object,
  // and may refuse then: that error is final, as are NotFound and Invalid. Everything else is tried again until
  // `patience` is over.
  using Change = std::function<cutline::Status(Json& object)>;
  [[nodiscard]] cutline::Status write(const Change& change, Millis patience, const std::stop_token& stop);
  // Only if it changes what the copy's status says: a record that is written is news to everybody who watches.
  [[nodiscard]] cutline::Status write_if_new(const std::function<void(Json& object)>& change, Millis patience,
                                             const std::stop_token& stop);

 private:
  kube::Client& client_;
  kube::Resource resource_;
  Json object_;
};

}  // namespace cutline::op
