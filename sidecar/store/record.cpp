#include "sidecar/store/record.hpp"

#include "base/fd.hpp"
#include "sidecar/store/json.hpp"

namespace cutline::store {
namespace {

constexpr int kRecordSchema = 1;

std::string record_path(const std::string& root) { return root + "/participant.json"; }

}  // namespace

Result<Record> load_record(const std::string& root) {
  auto text = read_file(record_path(root));
  if (!text && text.error().code == Code::NotFound) return Record{};
  if (!text) return tl::unexpected(text.error());
  try {
    const Json json = Json::parse(*text);
    if (json.at("schema") != kRecordSchema)
      return fail(Code::Corrupt, "{}: schema {} is not known here", record_path(root), json.at("schema").dump());
    return Record{durable_of(json.at("durable")), json.at("bases").dump()};
  } catch (const std::exception& error) {
    return fail(Code::Corrupt, "{}: {}", record_path(root), error.what());
  }
}

Status save_record(const std::string& root, const Record& record) {
  Json bases = Json::parse(record.bases, nullptr, false);
  if (bases.is_discarded()) return fail(Code::Invalid, "the connections' bases are no JSON");
  const Json json = {{"schema", kRecordSchema}, {"durable", json_of(record.durable)}, {"bases", std::move(bases)}};
  return replace_file(record_path(root), json.dump() + "\n");
}

}  // namespace cutline::store
