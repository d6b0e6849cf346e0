#include "control/wire.hpp"

#include <nlohmann/json.hpp>

#include "base/overloaded.hpp"

namespace cutline::control {
namespace {

using Json = nlohmann::json;
using namespace protocol;

// ---- parts --------------------------------------------------------------------------------------------------------------
constexpr std::pair<GateKind, const char*> kGates[] = {
    {GateKind::Queue, "Queue"}, {GateKind::Drop, "Drop"}, {GateKind::Open, "Open"}};

std::string text(GateKind kind) {
  for (const auto& [value, name] : kGates)
    if (value == kind) return name;
  return "Queue";
}

GateKind gate(const std::string& text) {
  for (const auto& [value, name] : kGates)
    if (text == name) return value;
  throw std::invalid_argument("unknown gate " + text);
}

constexpr Code kCodes[] = {Code::Invalid, Code::NotFound,    Code::Conflict, Code::Unsupported, Code::Busy,
                           Code::Timeout, Code::Unavailable, Code::Corrupt,  Code::Exhausted,   Code::Internal};

Code code(const std::string& text) {
  for (const Code c : kCodes)
    if (text == name(c)) return c;
  return Code::Internal;
}

Json json(const SaveOptions& options) {
  Json volumes = Json::array();
  for (const auto& volume : options.volumes) volumes.push_back({{"container", volume.container}, {"path", volume.path}});
  return {{"gate", text(options.gate)}, {"volumes", std::move(volumes)}};
}

SaveOptions save_options(const Json& json) {
  SaveOptions out{gate(json.at("gate")), {}};
  for (const auto& volume : json.at("volumes")) out.volumes.push_back({volume.at("container"), volume.at("path")});
  return out;
}

Json json(const Timings& t) {
  return {{"frozen", t.frozen.count()}, {"dump", t.dump.count()}, {"gated", t.gated.count()}, {"restore", t.restore.count()}};
}

Timings timings(const Json& json) {
  const auto micros = [&](const char* key) { return Micros{json.at(key).get<std::int64_t>()}; };
  return {micros("frozen"), micros("dump"), micros("gated"), micros("restore")};
}

// A row a connection: there may be thousands.
Json json(const Counters& c) {
  return {c.local.address, c.local.port, c.remote.address, c.remote.port, c.acked, c.sent, c.received};
}

Counters counters(const Json& row) {
  return {{row.at(0), row.at(1)}, {row.at(2), row.at(3)}, row.at(4), row.at(5), row.at(6)};
}

Json json(const std::vector<Connection>& connections) {
  Json out = Json::array();
  for (const auto& c : connections) out.push_back({c.local.address, c.local.port, c.remote.address, c.remote.port});
  return out;
}

std::vector<Connection> connections(const Json& rows) {
  std::vector<Connection> out;
  for (const auto& row : rows) out.push_back({{row.at(0), row.at(1)}, {row.at(2), row.at(3)}});
  return out;
}

Json json(const CounterTable& table) {
  Json out = Json::array();
  for (const auto& row : table) out.push_back(json(row));
  return out;
}

CounterTable counter_table(const Json& rows) {
  CounterTable out;
  for (const auto& row : rows) out.push_back(counters(row));
  return out;
}

Json json(const FlowTable& table) {
  Json out = Json::array();
  for (const auto& f : table) out.push_back({f.local, f.remote, f.sent, f.received});
  return out;
}

FlowTable flow_table(const Json& rows) {
  FlowTable out;
  for (const auto& row : rows) out.push_back({row.at(0), row.at(1), row.at(2), row.at(3)});
  return out;
}

Json json(const LocalCheckpoint& c) {
  return {{"epoch", value(c.epoch)},   {"index", value(c.index)},     {"digest", c.digest},         {"bytes", value(c.bytes)},
          {"counters", json(c.counters)}, {"timings", json(c.timings)}, {"gate", text(c.gate)},       {"parent", value(c.parent)},
          {"closed", json(c.closed)},  {"flows", json(c.flows)},      {"observed", c.observed}};
}

Epoch epoch(const Json& json, const char* key = "epoch") { return Epoch{json.at(key).get<std::uint64_t>()}; }

LocalCheckpoint local_checkpoint(const Json& json) {
  const auto index = [&](const char* key) { return CheckpointIndex{json.at(key).get<std::uint64_t>()}; };
  return {epoch(json), index("index"), json.at("digest"), Bytes{json.at("bytes").get<std::uint64_t>()},
          counter_table(json.at("counters")), timings(json.at("timings")), gate(json.at("gate")), index("parent"),
          counter_table(json.at("closed")), flow_table(json.at("flows")), json.at("observed")};
}

Json json(const Independent& i) {
  return {{"intervalMs", i.interval.count()}, {"jitterMs", i.jitter.count()}, {"holdMs", i.hold.count()}, {"options", json(i.options)}};
}

Independent independent(const Json& json) {
  const auto millis = [&](const char* key) { return Millis{json.at(key).get<std::int64_t>()}; };
  return {millis("intervalMs"), millis("jitterMs"), millis("holdMs"), save_options(json.at("options"))};
}

Json json(const Failure& f) { return {f.container, f.how}; }

Json json(const Finding& f) {
  return {{"fatal", f.fatal}, {"container", f.container}, {"process", f.process}, {"object", f.object}, {"remedy", f.remedy}};
}

Finding finding(const Json& json) {
  return {json.at("fatal"), json.at("container"), json.at("process"), json.at("object"), json.at("remedy")};
}

// ---- whole messages -----------------------------------------------------------------------------------------------------
Json json(const Command& command) {
  return std::visit(
      overloaded{
          [](const Request& m) -> Json {
            return {{"type", "request"}, {"epoch", value(m.epoch)}, {"holdMs", m.hold.count()}, {"options", json(m.options)}};
          },
          [](const Done& m) -> Json { return {{"type", "done"}, {"epoch", value(m.epoch)}}; },
          [](const Abort& m) -> Json { return {{"type", "abort"}, {"epoch", value(m.epoch)}}; },
          [](const Prepare& m) -> Json {
            return {{"type", "prepare"}, {"epoch", value(m.epoch)}, {"checkpoint", value(m.checkpoint)},
                    {"digest", m.digest}, {"holdMs", m.hold.count()}, {"external", json(m.external)}};
          },
          [](const Restore& m) -> Json { return {{"type", "restore"}, {"epoch", value(m.epoch)}}; },
          [](const Release& m) -> Json { return {{"type", "release"}, {"epoch", value(m.epoch)}}; },
          [](const Forget& m) -> Json { return {{"type", "forget"}, {"checkpoint", value(m.checkpoint)}}; },
          [](const Preflight&) -> Json { return {{"type", "preflight"}}; },
          [](const Recall& m) -> Json { return {{"type", "recall"}, {"last", m.last}}; },
          [](const Probe&) -> Json { return {{"type", "probe"}}; },
          [](const Sever& m) -> Json {
            return {{"type", "sever"}, {"epoch", value(m.epoch)}, {"connections", json(m.connections)}};
          },
          [](const Configure& m) -> Json {
            return {{"type", "configure"}, {"independent", m.independent ? json(*m.independent) : Json{}}, {"graceMs", m.grace.count()}};
          },
      },
      command);
}

Command command(const Json& json) {
  const std::string type = json.at("type");
  const auto hold = [&] { return Millis{json.at("holdMs").get<std::int64_t>()}; };
  if (type == "request") return Request{epoch(json), hold(), save_options(json.at("options"))};
  if (type == "done") return Done{epoch(json)};
  if (type == "abort") return Abort{epoch(json)};
  if (type == "prepare") return Prepare{epoch(json), epoch(json, "checkpoint"), json.at("digest"), hold(), connections(json.at("external"))};
  if (type == "restore") return Restore{epoch(json)};
  if (type == "release") return Release{epoch(json)};
  if (type == "forget") return Forget{epoch(json, "checkpoint")};
  if (type == "preflight") return Preflight{};
  if (type == "recall") return Recall{json.at("last")};
  if (type == "probe") return Probe{};
  if (type == "sever") return Sever{epoch(json), connections(json.at("connections"))};
  if (type == "configure") {
    Configure out{{}, Millis{json.at("graceMs").get<std::int64_t>()}};
    if (const auto& own = json.at("independent"); !own.is_null()) out.independent = independent(own);
    return out;
  }
  throw std::invalid_argument("unknown command " + type);
}

Json json(const Reply& reply) {
  return std::visit(
      overloaded{
          [](const Acked& m) -> Json {
            return {{"type", "acked"}, {"epoch", value(m.epoch)}, {"checkpoint", json(m.checkpoint)}};
          },
          [](const Opened& m) -> Json {
            return {{"type", "opened"}, {"epoch", value(m.epoch)}, {"gatedUs", m.gated.count()}};
          },
          [](const Prepared& m) -> Json { return {{"type", "prepared"}, {"epoch", value(m.epoch)}}; },
          [](const Restored& m) -> Json {
            return {{"type", "restored"}, {"epoch", value(m.epoch)}, {"timings", json(m.timings)}};
          },
          [](const Forgotten& m) -> Json { return {{"type", "forgotten"}, {"checkpoint", value(m.checkpoint)}}; },
          [](const Findings& m) -> Json {
            Json list = Json::array();
            for (const auto& f : m.findings) list.push_back(json(f));
            return {{"type", "findings"}, {"findings", std::move(list)}};
          },
          [](const History& m) -> Json {
            Json list = Json::array();
            for (const auto& c : m.checkpoints) list.push_back(json(c));
            return {{"type", "history"}, {"checkpoints", std::move(list)}, {"present", m.present ? json(*m.present) : Json{}}};
          },
          [](const Probed& m) -> Json {
            Json list = Json::array();
            for (const auto& f : m.failures) list.push_back(json(f));
            return {{"type", "probed"}, {"failures", std::move(list)}};
          },
          [](const Severed& m) -> Json { return {{"type", "severed"}, {"epoch", value(m.epoch)}}; },
          [](const Configured&) -> Json { return {{"type", "configured"}}; },
          [](const Refused& m) -> Json {
            return {{"type", "refused"}, {"epoch", value(m.epoch)}, {"code", name(m.why.code)}, {"why", m.why.message}};
          },
      },
      reply);
}

Reply reply(const Json& json) {
  const std::string type = json.at("type");
  if (type == "acked") return Acked{epoch(json), local_checkpoint(json.at("checkpoint"))};
  if (type == "opened") return Opened{epoch(json), Micros{json.at("gatedUs").get<std::int64_t>()}};
  if (type == "prepared") return Prepared{epoch(json)};
  if (type == "restored") return Restored{epoch(json), timings(json.at("timings"))};
  if (type == "forgotten") return Forgotten{epoch(json, "checkpoint")};
  if (type == "findings") {
    Findings out;
    for (const auto& f : json.at("findings")) out.findings.push_back(finding(f));
    return out;
  }
  if (type == "history") {
    History out;
    for (const auto& c : json.at("checkpoints")) out.checkpoints.push_back(local_checkpoint(c));
    if (const auto& present = json.at("present"); !present.is_null()) out.present = local_checkpoint(present);
    return out;
  }
  if (type == "probed") {
    Probed out;
    for (const auto& f : json.at("failures")) out.failures.push_back({f.at(0), f.at(1)});
    return out;
  }
  if (type == "severed") return Severed{epoch(json)};
  if (type == "configured") return Configured{};
  if (type == "refused") return Refused{epoch(json), Error{code(json.at("code")), json.at("why")}};
  throw std::invalid_argument("unknown reply " + type);
}

std::string framed(Json body, std::uint64_t id) {
  body["id"] = id;
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The JSON library throws on what is missing or of another type; here that becomes a Result.
template <class Frame, class Parse>
Result<Frame> decode(std::string_view text, Parse parse) {
  try {
    const auto body = Json::parse(text);
    return Frame{body.at("id").get<std::uint64_t>(), parse(body)};
  } catch (const std::exception& e) {
    return fail(Code::Invalid, "malformed message: {}", e.what());
  }
}

}  // namespace

std::string encode(const CommandFrame& frame) { return framed(json(frame.command), frame.id); }
std::string encode(const ReplyFrame& frame) { return framed(json(frame.reply), frame.id); }

Result<CommandFrame> decode_command(std::string_view text) {
  return decode<CommandFrame>(text, [](const Json& body) { return command(body); });
}

Result<ReplyFrame> decode_reply(std::string_view text) {
  return decode<ReplyFrame>(text, [](const Json& body) { return reply(body); });
}

}  // namespace cutline::control
