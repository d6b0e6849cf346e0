#include "sidecar/store/configuration.hpp"

#include "base/fd.hpp"
#include "sidecar/store/json.hpp"

namespace cutline::store {
namespace {

std::string configuration_path(const std::string& root) { return root + "/configuration.json"; }

Json independent_json(const protocol::Independent& own) {
  Json volumes = Json::array();
  for (const auto& volume : own.options.volumes)
    volumes.push_back({{"container", volume.container}, {"path", volume.path}});
  return {{"intervalMillis", own.interval.count()},
          {"jitterMillis", own.jitter.count()},
          {"holdMillis", own.hold.count()},
          {"gate", json_of(own.options.gate)},
          {"volumes", std::move(volumes)}};
}

protocol::Independent independent_of(const Json& json) {
  const auto millis = [&](const char* name) { return Millis{json.at(name).get<Millis::rep>()}; };
  protocol::Independent out{
      millis("intervalMillis"), millis("jitterMillis"), millis("holdMillis"), {gate_of(json.at("gate")), {}}};
  for (const auto& volume : json.at("volumes"))
    out.options.volumes.push_back({volume.at("container").get<std::string>(), volume.at("path").get<std::string>()});
  return out;
}

}  // namespace

Result<protocol::Configure> load_configuration(const std::string& root) {
  const auto text = read_file(configuration_path(root));
  if (!text && text.error().code == Code::NotFound) return protocol::Configure{};
  if (!text) return tl::unexpected(text.error());
  try {
    const Json json = Json::parse(*text);
    protocol::Configure out{{}, Millis{json.at("graceMillis").get<Millis::rep>()}};
    if (const auto& own = json.at("independent"); !own.is_null()) out.independent = independent_of(own);
    return out;
  } catch (const std::exception& error) {
    return fail(Code::Corrupt, "{}: {}", configuration_path(root), error.what());
  }
}

Status save_configuration(const std::string& root, const protocol::Configure& configuration) {
  const Json json = {{"independent", configuration.independent ? independent_json(*configuration.independent) : Json{}},
                     {"graceMillis", configuration.grace.count()}};
  return replace_file(configuration_path(root), json.dump() + "\n");
}

}  // namespace cutline::store
