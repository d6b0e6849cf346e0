// participant.json: what a sidecar that starts again must know. Written before the effects that depend on it.
#pragma once

#include "protocol/participant.hpp"

namespace cutline::store {

struct Record {
  protocol::participant::Durable durable;
  std::string bases = "{}";  // JSON text of sidecar/sockets; not looked into here
};

// A root without a record gives the record of a new pod. Corrupt: do not guess, epochs must not go back.
[[nodiscard]] Result<Record> load_record(const std::string& root);
[[nodiscard]] Status save_record(const std::string& root, const Record& record);

}  // namespace cutline::store
