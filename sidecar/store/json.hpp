// The protocol's types as JSON, for what is stored on disk. Inside of this room only: throws what nlohmann throws.
#pragma once

#include <nlohmann/json.hpp>

#include "protocol/participant.hpp"
#include "protocol/readdressing.hpp"

namespace cutline::store {

using Json = nlohmann::json;

[[nodiscard]] Json json_of(const protocol::CounterTable& counters);
[[nodiscard]] protocol::CounterTable counters_of(const Json& json);
[[nodiscard]] Json json_of(const protocol::FlowTable& flows);
[[nodiscard]] protocol::FlowTable flows_of(const Json& json);
[[nodiscard]] Json json_of(const protocol::Timings& timings);
[[nodiscard]] protocol::Timings timings_of(const Json& json);
[[nodiscard]] Json json_of(protocol::GateKind gate);
[[nodiscard]] protocol::GateKind gate_of(const Json& json);
[[nodiscard]] Json json_of(const protocol::Readdressing& names);
[[nodiscard]] protocol::Readdressing names_of(const Json& json);
// Without the digest.
[[nodiscard]] Json json_of(const protocol::LocalCheckpoint& checkpoint);
[[nodiscard]] protocol::LocalCheckpoint checkpoint_of(const Json& json);
[[nodiscard]] Json json_of(const protocol::participant::Durable& durable);
[[nodiscard]] protocol::participant::Durable durable_of(const Json& json);

}  // namespace cutline::store
