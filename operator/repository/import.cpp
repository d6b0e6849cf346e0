#include "operator/repository/import.hpp"

#include "operator/api/conditions.hpp"

namespace cutline::op::repository {
namespace {

using kube::Json;

Json row_of(const cutline::repository::Member& m) {
  return {{"pod", m.pod},
          {"uid", m.uid.value},
          {"node", m.node},
          {"addresses", m.addresses},
          {"checkpoint", value(m.index)},
          {"digest", m.digest},
          {"bytes", value(m.bytes)},
          {"stored", m.stored}};
}

Json rows_of(const std::vector<cutline::repository::Connection>& connections) {
  auto out = Json::array();
  for (const auto& c : connections) out.push_back({{"pod", c.pod}, {"local", c.local}, {"remote", c.remote}});
  return out;
}

// The checkpoints that it left out lie in the repository too: nothing else need be imported.
void record_composition(Json& object, const cutline::repository::Manifest& manifest, const std::string& now) {
  if (manifest.protocol != "Incremental") return;
  const auto* reason = manifest.alone ? "Composed" : "NotKnown";
  const auto text =
      manifest.alone
          ? fmt::format("{} members, and the last checkpoints of {} that were left out", manifest.members.size(),
                        manifest.left_out.size())
          : std::string{"its manifest names no last checkpoints of those that were left out: import another one"};
  set_condition(object, {"RestorableAlone", manifest.alone, reason, text}, now);
  if (!manifest.alone) return;
  auto& composition = object["status"]["composition"];
  composition = {{"leftOut", Json::array()}, {"close", rows_of(manifest.close)}};
  for (const auto& one : manifest.left_out) {
    auto row = row_of(one.last);
    row["epoch"] = value(one.epoch);
    if (!one.snapshot.empty()) row["snapshot"] = one.snapshot;
    if (!one.names.empty()) row["names"] = Json::parse(one.names, nullptr, false);
    composition["leftOut"].push_back(std::move(row));
  }
}

}  // namespace

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
    status["members"].push_back(row_of(m));
    status["members"].back()["why"] = "Selected";
  }
  status["bytes"] = bytes;
  status["membersReady"] = fmt::format("{0}/{0}", manifest.members.size());
  status["membersStored"] = fmt::format("{0}/{0}", manifest.members.size() + manifest.left_out.size());
  status["external"] = rows_of(manifest.external);
  const auto what = fmt::format("{}/{} of {}, as its signed manifest in {} says", manifest.ns, manifest.snapshot,
                                manifest.created, repository);
  for (const auto* type : {"Planned", "Committed", "Durable", "Recorded", "Released"})
    set_condition(object, {type, true, "Imported", what}, now);
  record_composition(object, manifest, now);
}

}  // namespace cutline::op::repository
