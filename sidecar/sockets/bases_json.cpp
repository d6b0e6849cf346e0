// {"sockets":[{"cookie":4098,"origin":"restored","sent":120,"received":-3}, ...],
//  "flows":[{"local":"10.0.0.1","remote":"10.0.0.2","sent":-7,"received":0}, ...],
//  "offsets":[["10.0.0.1",80,"10.0.0.2",40001,123,0], ...]}
#include <array>
#include <nlohmann/json.hpp>

#include "sidecar/sockets/bases.hpp"

namespace cutline::sockets {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<Origin, const char*>, 3> origins{
    {{Origin::Connected, "connected"}, {Origin::Accepted, "accepted"}, {Origin::Restored, "restored"}}};

const char* name(Origin origin) {
  return std::ranges::find(origins, origin, &std::pair<Origin, const char*>::first)->second;
}

std::optional<Origin> origin_named(const std::string& text) {
  for (const auto& [origin, known] : origins)
    if (text == known) return origin;
  return std::nullopt;
}

}  // namespace

std::string Bases::to_json() const {
  json list = json::array();
  for (const auto& [cookie, base] : bases_)
    list.push_back(
        {{"cookie", value(cookie)}, {"origin", name(base.origin)}, {"sent", base.sent}, {"received", base.received}});
  json flows = json::array();
  for (const auto& [addresses, base] : flows_)
    flows.push_back(
        {{"local", addresses.first}, {"remote", addresses.second}, {"sent", base.sent}, {"received", base.received}});
  json offsets = json::array();
  for (const auto& [c, offset] : offsets_)
    offsets.push_back({c.local.address, c.local.port, c.remote.address, c.remote.port, offset.sent, offset.received});
  return json{{"sockets", list}, {"flows", flows}, {"offsets", offsets}}.dump();
}

Result<Bases> Bases::from_json(std::string_view text) {
  Bases out;
  try {
    const auto document = json::parse(text);
    for (const auto& entry : document.at("sockets")) {
      const auto origin = origin_named(entry.at("origin").get<std::string>());
      if (!origin) return fail(Code::Corrupt, "bases of connections: unknown origin");
      const Base base{*origin, entry.at("sent").get<std::int64_t>(), entry.at("received").get<std::int64_t>()};
      out.bases_.emplace(Cookie{entry.at("cookie").get<std::uint64_t>()}, base);
    }
    for (const auto& entry : document.at("flows"))
      out.flows_[{entry.at("local").get<std::string>(), entry.at("remote").get<std::string>()}] = {
          entry.at("sent").get<std::int64_t>(), entry.at("received").get<std::int64_t>()};
    for (const auto& row : document.value("offsets", json::array()))
      out.offsets_[{{row.at(0), row.at(1)}, {row.at(2), row.at(3)}}] = {row.at(4), row.at(5)};
  } catch (const json::exception& error) {
    return fail(Code::Corrupt, "bases of connections: {}", error.what());
  }
  return out;
}

}  // namespace cutline::sockets
