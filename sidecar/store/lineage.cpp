#include "sidecar/store/lineage.hpp"

#include "base/fd.hpp"
#include "sidecar/store/json.hpp"

namespace cutline::store {
namespace {

constexpr int kLineageSchema = 1;

std::string lineage_path(const std::string& root) { return root + "/lineage.json"; }

CheckpointIndex index_of(const Json& json) { return CheckpointIndex{json.get<std::uint64_t>()}; }

}  // namespace

std::vector<CheckpointIndex> chain(const Lineage& lineage, CheckpointIndex from) {
  std::vector<CheckpointIndex> out;
  // Parents have lower numbers: so it ends, whatever a file says.
  for (auto at = lineage.parents.find(from); at != lineage.parents.end() && at->second < at->first;
       at = lineage.parents.find(at->second))
    out.push_back(at->first);
  std::ranges::reverse(out);
  return out;
}

Result<std::optional<Lineage>> load_lineage(const std::string& root) {
  const auto text = read_file(lineage_path(root));
  if (!text && text.error().code == Code::NotFound) return std::nullopt;
  if (!text) return tl::unexpected(text.error());
  try {
    const Json json = Json::parse(*text);
    if (json.at("schema") != kLineageSchema)
      return fail(Code::Corrupt, "{}: schema {} is not known here", lineage_path(root), json.at("schema").dump());
    Lineage out{index_of(json.at("present")), {}, {}};
    for (const auto& row : json.at("kept")) {
      const auto index = index_of(row.at("index"));
      out.parents.emplace(index, index_of(row.at("parent")));
      if (row.contains("names")) out.names.emplace(index, names_of(row.at("names")));
      if (!row.contains("inherited")) continue;
      const auto& inherited = row.at("inherited");
      out.inherited.emplace(
          index, Lineage::Inherited{counters_of(inherited.at("closed")), inherited.at("observed").get<bool>()});
    }
    return out;
  } catch (const std::exception& error) {
    return fail(Code::Corrupt, "{}: {}", lineage_path(root), error.what());
  }
}

Status save_lineage(const std::string& root, const Lineage& lineage) {
  Json kept = Json::array();
  for (const auto& [index, parent] : lineage.parents) {
    Json row = {{"index", value(index)}, {"parent", value(parent)}};
    if (const auto found = lineage.inherited.find(index); found != lineage.inherited.end())
      row["inherited"] = {{"closed", json_of(found->second.closed)}, {"observed", found->second.observed}};
    if (const auto found = lineage.names.find(index); found != lineage.names.end())
      row["names"] = json_of(found->second);
    kept.push_back(std::move(row));
  }
  return replace_file(
      lineage_path(root),
      Json{{"schema", kLineageSchema}, {"present", value(lineage.present)}, {"kept", kept}}.dump() + "\n");
}

}  // namespace cutline::store
