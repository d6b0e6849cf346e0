#include "sidecar/store/json.hpp"

namespace cutline::store {
namespace {

using protocol::GateKind;

// Ports are the only narrow number: a stored 65536 must not become port 0.
std::uint16_t port_of(const Json& json) {
  const auto number = json.get<std::uint64_t>();
  if (number > 65535) throw std::out_of_range("port");
  return static_cast<std::uint16_t>(number);
}

Json json_of(const protocol::Endpoint& e) { return Json::array({e.address, e.port}); }
protocol::Endpoint endpoint_of(const Json& json) { return {json.at(0).get<std::string>(), port_of(json.at(1))}; }

}  // namespace

Json json_of(const protocol::CounterTable& counters) {
  Json out = Json::array();
  for (const auto& c : counters) {
    out.push_back({{"local", json_of(c.local)},
                   {"remote", json_of(c.remote)},
                   {"acked", c.acked},
                   {"sent", c.sent},
                   {"received", c.received}});
  }
  return out;
}

protocol::CounterTable counters_of(const Json& json) {
  protocol::CounterTable out;
  for (const auto& c : json) {
    out.push_back({endpoint_of(c.at("local")), endpoint_of(c.at("remote")), c.at("acked").get<std::uint64_t>(),
                   c.at("sent").get<std::uint64_t>(), c.at("received").get<std::uint64_t>()});
  }
  return out;
}

Json json_of(const protocol::FlowTable& flows) {
  Json out = Json::array();
  for (const auto& f : flows)
    out.push_back({{"local", f.local}, {"remote", f.remote}, {"sent", f.sent}, {"received", f.received}});
  return out;
}

protocol::FlowTable flows_of(const Json& json) {
  protocol::FlowTable out;
  for (const auto& f : json)
    out.push_back({f.at("local").get<std::string>(), f.at("remote").get<std::string>(),
                   f.at("sent").get<std::uint64_t>(), f.at("received").get<std::uint64_t>()});
  return out;
}

Json json_of(const protocol::Readdressing& names) {
  Json remotes = Json::array();
  for (const auto& [c, remote] : names.remotes())
    remotes.push_back({json_of(c.local), json_of(c.remote), json_of(remote)});
  return {{"addresses", names.addresses()}, {"remotes", std::move(remotes)}};
}

protocol::Readdressing names_of(const Json& json) {
  std::map<protocol::Connection, protocol::Endpoint> remotes;
  for (const auto& row : json.at("remotes"))
    remotes.emplace(protocol::Connection{endpoint_of(row.at(0)), endpoint_of(row.at(1))}, endpoint_of(row.at(2)));
  return protocol::Readdressing::of(json.at("addresses").get<std::map<std::string, std::string>>(), std::move(remotes));
}

Json json_of(const protocol::Timings& t) {
  return {{"frozenMicros", t.frozen.count()},
          {"dumpMicros", t.dump.count()},
          {"gatedMicros", t.gated.count()},
          {"restoreMicros", t.restore.count()}};
}

protocol::Timings timings_of(const Json& json) {
  const auto micros = [&](const char* name) { return Micros{json.at(name).get<Micros::rep>()}; };
  return {micros("frozenMicros"), micros("dumpMicros"), micros("gatedMicros"), micros("restoreMicros")};
}

Json json_of(GateKind gate) {
  switch (gate) {
    case GateKind::Queue:
      return "Queue";
    case GateKind::Drop:
      return "Drop";
    case GateKind::Open:
      return "Open";
  }
  return "Queue";
}

GateKind gate_of(const Json& json) {
  for (const auto gate : {GateKind::Queue, GateKind::Drop, GateKind::Open}) {
    if (json == json_of(gate)) return gate;
  }
  throw std::out_of_range("gate");
}

Json json_of(const protocol::LocalCheckpoint& c) {
  return {{"epoch", value(c.epoch)},         {"index", value(c.index)},       {"bytes", value(c.bytes)},
          {"counters", json_of(c.counters)}, {"timings", json_of(c.timings)}, {"gate", json_of(c.gate)},
          {"parent", value(c.parent)},       {"closed", json_of(c.closed)},   {"flows", json_of(c.flows)},
          {"observed", c.observed}};
}

protocol::LocalCheckpoint checkpoint_of(const Json& json) {
  protocol::LocalCheckpoint out;
  out.epoch = Epoch{json.at("epoch").get<std::uint64_t>()};
  out.index = CheckpointIndex{json.at("index").get<std::uint64_t>()};
  out.bytes = Bytes{json.at("bytes").get<std::uint64_t>()};
  out.counters = counters_of(json.at("counters"));
  out.timings = timings_of(json.at("timings"));
  out.gate = gate_of(json.at("gate"));
  out.parent = CheckpointIndex{json.at("parent").get<std::uint64_t>()};
  out.closed = counters_of(json.at("closed"));
  out.flows = flows_of(json.at("flows"));
  out.observed = json.at("observed").get<bool>();
  return out;
}

Json json_of(const protocol::participant::Durable& durable) {
  const auto name = [](const std::optional<Epoch>& checkpoint) {
    return checkpoint ? Json(value(*checkpoint)) : Json();
  };
  return {{"epoch", value(durable.epoch)},
          {"restoring", name(durable.restoring)},
          {"restored", durable.restored},
          {"prepared", name(durable.prepared)}};
}

protocol::participant::Durable durable_of(const Json& json) {
  const auto name = [](const Json& checkpoint) {
    return checkpoint.is_null() ? std::nullopt : std::optional{Epoch{checkpoint.get<std::uint64_t>()}};
  };
  return {Epoch{json.at("epoch").get<std::uint64_t>()}, name(json.at("restoring")), json.at("restored").get<bool>(),
          name(json.at("prepared"))};
}

}  // namespace cutline::store
