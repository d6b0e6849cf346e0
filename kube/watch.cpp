#include "kube/watch.hpp"

namespace cutline::kube {
namespace {

// etcd refuses objects above 1.5 MB by default; JSON and managed fields may make them a little longer.
constexpr std::size_t longest_line = 16U << 20U;
constexpr int server_timeout_seconds = 290;

std::optional<WatchEvent::Type> type_of(std::string_view name) {
  if (name == "ADDED") return WatchEvent::Type::Added;
  if (name == "MODIFIED") return WatchEvent::Type::Modified;
  if (name == "DELETED") return WatchEvent::Type::Deleted;
  if (name == "BOOKMARK") return WatchEvent::Type::Bookmark;
  return std::nullopt;
}

}  // namespace

// Each byte is looked at once, however small the pieces of a long line are.
Status LineBuffer::push(std::string_view bytes) {
  if (read_ > 0) {
    bytes_.erase(0, read_);
    searched_ -= read_;
    read_ = 0;
  }
  bytes_ += bytes;
  const auto last = bytes.rfind('\n');
  open_ = last == std::string_view::npos ? open_ + bytes.size() : bytes.size() - last - 1;
  if (open_ > limit_) return fail(Code::Corrupt, "a line of more than {} bytes", limit_);
  return {};
}

std::optional<std::string> LineBuffer::pop() {
  while (true) {
    const auto end = bytes_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = bytes_.size();
      return std::nullopt;
    }
    auto line = bytes_.substr(read_, end - read_);
    read_ = searched_ = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) return line;
  }
}

Result<WatchEvent> parse_watch_line(std::string_view line) {
  auto json = Json::parse(line, nullptr, false);
  const auto name = string_at(json, "/type");
  if (!json.is_object() || !json.contains("object") || !json["object"].is_object())
    return fail(Code::Corrupt, "watch: not an event");
  auto& object = json["object"];
  if (name == "ERROR") {
    const auto code = object.contains("code") && object["code"].is_number_integer() ? object["code"].get<int>() : 500;
    return fail(code_of(code), "watch: {} ({})", string_at(object, "/message"), code);
  }
  const auto type = type_of(name);
  if (!type) return fail(Code::Corrupt, "watch: an event of unknown type \"{}\"", name);
  if (resource_version_of(object).empty()) return fail(Code::Corrupt, "watch: an object without a resourceVersion");
  return WatchEvent{*type, std::move(object)};
}

std::string watch_path(const Resource& resource, const std::string& ns, const std::string& labels,
                       const std::string& fields, const std::string& resource_version) {
  auto path = fmt::format("{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}",
                          collection_path(resource, ns), server_timeout_seconds, url_encode(resource_version));
  if (!labels.empty()) path += "&labelSelector=" + url_encode(labels);
  if (!fields.empty()) path += "&fieldSelector=" + url_encode(fields);
  return path;
}

Watch::Watch(std::unique_ptr<ByteStream> bytes) : bytes_(std::move(bytes)), lines_(longest_line) {}

Result<Watch> Watch::open(Transport& transport, const std::string& path, const std::stop_token& stop,
                          Deadline deadline) {
  auto bytes = transport.stream(path, stop, deadline);
  if (!bytes) return tl::unexpected(bytes.error());
  return Watch{std::move(*bytes)};
}

Result<std::optional<WatchEvent>> Watch::next(const std::stop_token& stop, Deadline deadline) {
  while (true) {
    if (const auto line = lines_.pop()) {
      auto event = parse_watch_line(*line);
      if (!event) return tl::unexpected(event.error());
      return std::move(*event);
    }
    const auto bytes = bytes_->read(stop, deadline);
    if (!bytes) return tl::unexpected(bytes.error());
    if (bytes->empty()) return std::nullopt;
    if (auto pushed = lines_.push(*bytes); !pushed) return forward(pushed, "watch");
  }
}

}  // namespace cutline::kube
