#include "repository/answer.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <ranges>

namespace cutline::repository {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kShown = 300;  // of what restic says

struct Known {
  std::string_view part;  // of a line, in lower case
  Code code;
  std::string_view sentence;  // for a person
};

// The first that fits: what is more telling stands before what is said as well.
constexpr Known kKnown[] = {
    {"wrong password or no key found", Code::Invalid,
     "the repository has another password: see spec.passwordSecretRef"},
    {"invalidaccesskeyid", Code::Invalid, "the access key is refused: see spec.s3.credentialsSecretRef"},
    {"access key id you provided does not exist", Code::Invalid,
     "the access key is refused: see spec.s3.credentialsSecretRef"},
    {"access key id does not exist", Code::Invalid, "the access key is refused: see spec.s3.credentialsSecretRef"},
    {"no user exists with the provided access key", Code::Invalid,
     "the access key is refused: see spec.s3.credentialsSecretRef"},
    {"signaturedoesnotmatch", Code::Invalid, "the secret key is refused: see spec.s3.credentialsSecretRef"},
    {"signature does not match", Code::Invalid, "the secret key is refused: see spec.s3.credentialsSecretRef"},
    {"signature we calculated does not match", Code::Invalid,
     "the secret key is refused: see spec.s3.credentialsSecretRef"},
    {"requesttimetooskewed", Code::Invalid, "the clocks of this node and of the object store differ by too much"},
    {"access denied", Code::Invalid,
     "the object store refuses these keys here: see spec.s3.credentialsSecretRef, and what they may do in this bucket"},
    {"accessdenied", Code::Invalid,
     "the object store refuses these keys here: see spec.s3.credentialsSecretRef, and what they may do in this bucket"},
    {"403 forbidden", Code::Invalid,
     "the object store refuses these keys here: see spec.s3.credentialsSecretRef, and what they may do in this bucket"},
    {"no space left", Code::Exhausted, "the store is full: make room, or let retention take more away"},
    {"storagefull", Code::Exhausted, "the store is full: make room, or let retention take more away"},
    {"quotaexceeded", Code::Exhausted, "the store's quota is used up: raise it, or let retention take more away"},
    {"quota exceeded", Code::Exhausted, "the store's quota is used up: raise it, or let retention take more away"},
    {"401 unauthorized", Code::Invalid,
     "the volume's server refuses the keys that its Secret held: it takes them anew within a minute"},
    {"insufficient storage", Code::Exhausted, "the store is full: make room, or let retention take more away"},
    {"x509:", Code::Invalid, "the store's certificate is not trusted: of a bucket, see spec.s3.caSecretRef"},
    {"already locked", Code::Busy, "another program has locked the repository"},
    {"config file already exists", Code::Conflict, "the repository is there already"},
    {"no matching id found", Code::NotFound, "the repository has no such snapshot"},
    {"not found in snapshot", Code::NotFound, "the snapshot has no such file"},
    {"specified bucket does not exist", Code::Invalid, "there is no such bucket: make it, or see spec.s3.bucket"},
    {"config file: stat: the specified key does not exist", Code::NotFound, "there is no repository yet"},
    {"config: no such file or directory", Code::NotFound, "there is no repository yet"},
    {"<config/> does not exist", Code::NotFound, "there is no repository yet"},
    {"server response: 500", Code::Unavailable,
     "the volume's server can't read or write there: user 65532 must be allowed to, with spec.volume.hostPath root; "
     "its log says more"},
    {"server response unexpected: 500", Code::Unavailable,
     "the volume's server can't read or write there: user 65532 must be allowed to, with spec.volume.hostPath root; "
     "its log says more"},
    {"connection refused", Code::Unavailable, "the store does not answer"},
    {"no such host", Code::Unavailable, "the object store's name is not known: see spec.s3.endpoint"},
    {"i/o timeout", Code::Unavailable, "the store does not answer in time"},
    {"connection reset", Code::Unavailable, "the store broke the connection off"},
    {"network is unreachable", Code::Unavailable, "there is no way to the store"},
    {"no route to host", Code::Unavailable, "there is no way to the store"},
    {"server gave http response to https client", Code::Invalid,
     "the object store speaks plain http: see spec.s3.endpoint"},
    {"ciphertext verification failed", Code::Corrupt, "what the repository holds is damaged"},
    {"hash mismatch", Code::Corrupt, "what the repository holds is damaged"},
    {"invalid data returned", Code::Corrupt, "what the repository holds is damaged"},
    {"fatal: repository contains errors", Code::Corrupt, "what the repository holds is damaged"},
    {"returned error, retrying", Code::Unavailable, "the store fails"},
};

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto line = trimmed(text.substr(0, end)); !line.empty()) out.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::vector<std::string> strings(const Json& list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const auto& item : list) out.push_back(item.get<std::string>());
  return out;
}

bool tells_of_absence(std::string_view text) {
  return text.find("does not exist") != std::string_view::npos || text.find("no such file") != std::string_view::npos;
}

// restic would look for a file that is not there for a quarter of an hour.
bool tells_of_missing_data(std::string_view line) {
  const auto text = lower(line);
  return tells_of_absence(text) && (text.find("load(<data/") != std::string::npos ||
                                    (text.starts_with("pack ") && text.ends_with(": does not exist")));
}

template <class T, class Read>
Result<T> parsed(std::string_view text, const Read& read) {
  try {
    return read(Json::parse(text));
  } catch (const std::exception& e) {
    return fail(Code::Internal, "restic says what is not understood: {}", e.what());
  }
}

}  // namespace

std::optional<Error> understand(std::string_view complaint) {
  for (const auto line : lines_of(complaint))
    if (tells_of_missing_data(line))
      return Error{Code::Corrupt,
                   fmt::format("the repository lacks data that it refers to [restic: {}]", line.substr(0, kShown))};
  const auto text = lower(complaint);
  for (const auto& known : kKnown) {
    const auto at = text.rfind(known.part);
    if (at == std::string::npos) continue;
    const auto from = text.rfind('\n', at) + 1;  // npos + 1: the beginning
    const auto line =
        trimmed(complaint.substr(from, std::min(complaint.find('\n', at), complaint.size()) - from)).substr(0, kShown);
    return Error{known.code, fmt::format("{} [restic: {}]", known.sentence, line)};
  }
  return std::nullopt;
}

bool tells_of_a_lock_that_went(std::string_view complaint) {
  return std::ranges::any_of(lines_of(complaint), [](std::string_view line) {
    const auto text = lower(line);
    return text.find("load(<lock/") != std::string::npos && tells_of_absence(text);
  });
}

Error why_failed(const Ended& ended) {
  if (ended.complained.find("repository contains errors") !=
      std::string::npos) {  // of a check, which names the first one first
    const auto lines = lines_of(ended.complained);
    const auto first = std::ranges::find_if(lines, [](std::string_view line) {
      return line.find("returned error, retrying") == std::string_view::npos && !line.starts_with("Fatal:");
    });
    return {Code::Corrupt, fmt::format("what the repository holds is damaged [restic: {}]",
                                       (first == lines.end() ? lines.front() : *first).substr(0, kShown))};
  }
  if (auto known = understand(ended.complained)) return *std::move(known);
  if (auto known = understand(ended.said)) return *std::move(known);
  const auto lines = lines_of(ended.complained.empty() ? ended.said : ended.complained);
  const auto fatal = std::ranges::find_if(lines, [](std::string_view line) { return line.starts_with("Fatal:"); });
  if (ended.code > 128) return {Code::Unavailable, fmt::format("restic was ended by signal {}", ended.code - 128)};
  return {Code::Internal, fmt::format("restic failed with exit code {}: {}", ended.code,
                                      lines.empty()          ? "it says nothing"
                                      : fatal != lines.end() ? *fatal
                                                             : lines.back())};
}

std::optional<Going> last_status(std::string_view lines) {
  std::optional<Going> out;
  for (const auto line : lines_of(lines)) {
    if (line.find("\"message_type\":\"status\"") == std::string_view::npos) continue;
    // A status line names the files that are being read: it may be cut off behind the figures.
    const auto number = [&](std::string_view key) {
      const auto at = line.find(key);
      std::uint64_t value = 0;
      if (at != std::string_view::npos)
        std::from_chars(line.data() + at + key.size(), line.data() + line.size(), value);
      return Bytes{value};
    };
    out = Going{number("\"bytes_done\":"), number("\"total_bytes\":")};
  }
  return out;
}

Result<Kept> summary(std::string_view lines) {
  for (const auto line : std::views::reverse(lines_of(lines))) {
    if (line.find("\"message_type\":\"summary\"") == std::string_view::npos) continue;
    return parsed<Kept>(line, [](const Json& json) {
      return Kept{json.at("snapshot_id").get<std::string>(),
                  Bytes{json.at("total_bytes_processed").get<std::uint64_t>()},
                  Bytes{json.at("data_added").get<std::uint64_t>()}};
    });
  }
  return fail(Code::Internal, "restic ended without a summary");
}

Result<std::vector<Found>> snapshots(std::string_view json) {
  return parsed<std::vector<Found>>(json, [](const Json& list) {
    std::vector<Found> out;
    if (list.is_null()) return out;
    for (const auto& one : list)
      out.push_back({one.at("id").get<std::string>(), one.at("time").get<std::string>(),
                     strings(one.value("tags", Json::array())), strings(one.value("paths", Json::array()))});
    std::ranges::stable_sort(out, {}, &Found::time);
    return out;
  });
}

Result<Size> raw_size(std::string_view json) {
  return parsed<Size>(json, [](const Json& stats) {
    return Size{Bytes{stats.at("total_size").get<std::uint64_t>()}, stats.value("snapshots_count", std::uint64_t{0})};
  });
}

Result<std::string> repository_id(std::string_view config) {
  return parsed<std::string>(config, [](const Json& json) { return json.at("id").get<std::string>(); });
}

}  // namespace cutline::repository
