#include "e2e/workloads/redis/resp.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace cutline::redis {
namespace {

constexpr int deepest = 4;

std::optional<std::string_view> take_line(std::string_view& bytes) {
  const auto end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

Reply not_resp() { return Reply{'?', {}, false, {}}; }

std::optional<Reply> take(std::string_view& bytes, int depth);

std::optional<Reply> take_bulk(std::string_view& bytes, long length) {
  if (length < 0) return Reply{'$', {}, true, {}};
  const auto size = static_cast<std::size_t>(length);
  if (bytes.size() < size + 2) return std::nullopt;
  Reply reply{'$', std::string{bytes.substr(0, size)}, false, {}};
  bytes.remove_prefix(size + 2);
  return reply;
}

std::optional<Reply> take_array(std::string_view& bytes, long length, int depth) {
  Reply reply{'*', {}, length < 0, {}};
  for (long i = 0; i < length; ++i) {
    auto element = take(bytes, depth + 1);
    if (!element) return std::nullopt;
    reply.elements.push_back(std::move(*element));
  }
  return reply;
}

std::optional<Reply> take(std::string_view& bytes, int depth) {
  const auto line = take_line(bytes);
  if (!line) return std::nullopt;
  if (line->empty() || depth > deepest) return not_resp();
  const char type = line->front();
  const auto rest = line->substr(1);
  if (type == '+' || type == '-' || type == ':') return Reply{type, std::string{rest}, false, {}};
  long length = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
  if (error != std::errc{} || end != rest.data() + rest.size()) return not_resp();
  if (type == '$') return take_bulk(bytes, length);
  return type == '*' ? take_array(bytes, length, depth) : not_resp();
}

template <class Words>
void put(std::string& out, const Words& words) {
  fmt::format_to(std::back_inserter(out), "*{}\r\n", words.size());
  for (const std::string_view word : words) fmt::format_to(std::back_inserter(out), "${}\r\n{}\r\n", word.size(), word);
}

}  // namespace

void append_command(std::string& out, std::initializer_list<std::string_view> words) { put(out, words); }
void append_command(std::string& out, const std::vector<std::string>& words) { put(out, words); }

std::optional<Reply> take_reply(std::string_view& bytes) {
  auto rest = bytes;
  auto reply = take(rest, 0);
  if (reply) bytes = rest;
  return reply;
}

std::optional<std::string> info_field(std::string_view info, std::string_view field) {
  while (!info.empty()) {
    const auto line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(line.size() + 1, info.size()));
    if (!line.starts_with(field) || line.size() <= field.size() || line[field.size()] != ':') continue;
    const auto value = line.substr(field.size() + 1);
    return std::string{value.substr(0, value.find('\r'))};
  }
  return std::nullopt;
}

}  // namespace cutline::redis
