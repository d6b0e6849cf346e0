#include "sidecar/store/record.hpp"

#include "base/fd.hpp"
#include "sidecar/store/json.hpp"

namespace cutline::store {
namespace {

constexpr int kSchema = 1;

std::string path_in(const std::string& root) { return root + "/participant.json"; }

}  // namespace

Result<Record> load_record(const std::string& root) {
  auto text = read_file(path_in(root));
  if (!text && text.error().code == Code::NotFound) return Record{};
  if (!text) return tl::unexpected(text.error());
  try {
    const Json json = Json::parse(*text);
    if (json.at("schema") != kSchema)
      return fail(Code::Corrupt, "{}: schema {} is not known here", path_in(root), json.at("schema").dump());
    return Record{durable_of(json.at("durable")), json.at("bases").dump()};
  } catch (const std::exception& error) {
    return fail(Code::Corrupt, "{}: {}", path_in(root), error.what());
  }
}

Status save_record(const std::string& root, const Record& record) {
  Json bases = Json::parse(record.bases, nullptr, false);
  if (bases.is_discarded()) return fail(Code::Invalid, "the connections' bases are no JSON");
  const Json json = {{"schema", kSchema}, {"durable", json_of(record.durable)}, {"bases", std::move(bases)}};
  return replace_file(path_in(root), json.dump() + "\n");
}

}  // namespace cutline::store
