#include "operator/repository/import.hpp"

#include "operator/api/conditions.hpp"

namespace cutline::op::repository {

void record_imported(kube::Json& object, const std::string& repository, const Kept& kept, Epoch epoch,
                     const std::string& now) {
  const auto& manifest = kept.manifest;
  auto& status = object["status"];
  status["epoch"] = value(epoch);
  status["protocol"] = manifest.protocol;
  status["imported"] = {{"namespace", manifest.ns},
                        {"snapshot", manifest.snapshot},
                        {"uid", manifest.uid},
                        {"epoch", value(manifest.epoch)}};
  status["repository"] = repository;
  status["manifest"] = kept.id;
  status["members"] = kube::Json::array();
  std::uint64_t bytes = 0;
  for (const auto& m : manifest.members) {
    bytes += value(m.bytes);
    status["members"].push_back({{"pod", m.pod},
                                 {"uid", m.uid.value},
                                 {"node", m.node},
                                 {"addresses", m.addresses},
                                 {"checkpoint", value(m.index)},
                                 {"digest", m.digest},
                                 {"bytes", value(m.bytes)},
                                 {"stored", m.stored},
                                 {"why", "Selected"}});
  }
  status["bytes"] = bytes;
  status["membersReady"] = status["membersStored"] = fmt::format("{0}/{0}", manifest.members.size());
  status["external"] = kube::Json::array();
  for (const auto& c : manifest.external)
    status["external"].push_back({{"pod", c.pod}, {"local", c.local}, {"remote", c.remote}});
  const auto what = fmt::format("{}/{} of {}, as its signed manifest in {} says", manifest.ns, manifest.snapshot,
                                manifest.created, repository);
  for (const auto* type : {"Planned", "Committed", "Durable", "Recorded", "Released"})
    set_condition(object, {type, true, "Imported", what}, now);
}

}  // namespace cutline::op::repository
