#include "sidecar/store/manifest.hpp"

#include "sidecar/store/json.hpp"

namespace cutline::store {
namespace {

constexpr int kManifestSchema = 1;

void check(bool fine, const std::string& what) {
  if (!fine) throw std::invalid_argument(what);
}

bool is_sha256(const std::string& hex) {
  return hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
}

FileRecord file_of(const Json& json) {
  FileRecord out{json.at("path").get<std::string>(), json.at("size").get<std::uint64_t>(),
                 json.at("sha256").get<std::vector<std::string>>()};
  check(safe_name(out.path), fmt::format("'{}' is no name inside of a checkpoint", out.path));
  const auto pieces = std::max<std::uint64_t>(1, out.size / kPiece + (out.size % kPiece != 0 ? 1 : 0));
  const bool hashed = out.sha256.size() == pieces && std::ranges::all_of(out.sha256, is_sha256);
  check(hashed || out.sha256.empty(), fmt::format("'{}' has malformed digests", out.path));
  return out;
}

Json json_of(const FileRecord& file) { return {{"path", file.path}, {"size", file.size}, {"sha256", file.sha256}}; }

}  // namespace

bool safe_name(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const auto component = path.substr(0, path.find('/'));
    if (component.empty() || component == "." || component == "..") return false;
    if (component.size() == path.size()) return true;
    path.remove_prefix(component.size() + 1);
  }
}

std::string to_json(const Manifest& manifest) {
  Json out = {{"schema", kManifestSchema},
              {"pod", {{"uid", manifest.uid.value}, {"name", manifest.pod.value}}},
              {"checkpoint", json_of(manifest.checkpoint)},
              {"versions", manifest.versions},
              {"containers", Json::array()},
              {"files", Json::array()}};
  for (const auto& c : manifest.containers) out["containers"].push_back({{"name", c.name}, {"root", c.root}});
  for (const auto& file : manifest.files) out["files"].push_back(json_of(file));
  // Keys are sorted. A name that is not UTF-8 cannot occur: container names are checked, CRIU's and ours are ASCII.
  return out.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> manifest_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    const auto& schema = json.at("schema");
    check(schema == kManifestSchema,
          "schema " + schema.dump() + " is not known here; was it written by a newer version?");
    Manifest out;
    out.uid.value = json.at("pod").at("uid").get<std::string>();
    out.pod.value = json.at("pod").at("name").get<std::string>();
    out.checkpoint = checkpoint_of(json.at("checkpoint"));
    out.versions = json.at("versions").get<std::map<std::string, std::string>>();
    for (const auto& c : json.at("containers"))
      out.containers.push_back({c.at("name").get<std::string>(), c.at("root").get<int>()});
    for (const auto& c : out.containers)
      check(safe_name(c.name) && !c.name.contains('/'), fmt::format("'{}' is no container's name", c.name));
    for (const auto& file : json.at("files")) out.files.push_back(file_of(file));
    check(std::ranges::is_sorted(out.files, std::less_equal{}, &FileRecord::path),
          "files are listed out of order or twice");
    return out;
  } catch (const std::exception& error) {
    return fail(Code::Corrupt, "{}: {}", kManifestFile, error.what());
  }
}

}  // namespace cutline::store
