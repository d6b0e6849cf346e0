// One watch: the server's stream of changes from one resourceVersion on.
//
// LineBuffer and parse_watch_line are pure; Watch reads a Transport. One reader.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "kube/resource.hpp"
#include "kube/transport.hpp"

namespace cutline::kube {

struct WatchEvent {
  enum class Type { Added, Modified, Deleted, Bookmark };
  Type type = Type::Added;
  Json object;
};

// Cuts arriving bytes into lines, none longer than `limit` bytes.
class LineBuffer {
 public:
  explicit LineBuffer(std::size_t limit) : limit_(limit) {}
  // Corrupt: the unfinished line is too long; of no more use afterwards.
  [[nodiscard]] Status push(std::string_view bytes);
  // The next whole line without its end; empty lines are skipped.
  [[nodiscard]] std::optional<std::string> pop();

 private:
  std::size_t limit_;
  std::string bytes_;
  std::size_t read_ = 0;      // where the next line begins
  std::size_t searched_ = 0;  // no end of line between there and here
  std::size_t open_ = 0;      // length of the unfinished line
};

// Conflict: the server says 410, the resourceVersion has expired. Other codes: its ERROR event's status. Corrupt: no
// event.
[[nodiscard]] Result<WatchEvent> parse_watch_line(std::string_view line);

// The path of a watch with bookmarks that the server ends after 290 s.
[[nodiscard]] std::string watch_path(const Resource& resource, const std::string& ns, const std::string& labels,
                                     const std::string& fields, const std::string& resource_version);

class Watch {
 public:
  // Conflict: as above, also when the answer itself is a 410.
  [[nodiscard]] static Result<Watch> open(Transport& transport, const std::string& path, const std::stop_token& stop,
                                          Deadline deadline);
  // The next event; none: the stream ended, as every stream does. Timeout: nothing by the deadline, or stop.
  [[nodiscard]] Result<std::optional<WatchEvent>> next(const std::stop_token& stop, Deadline deadline);

 private:
  explicit Watch(std::unique_ptr<ByteStream> bytes);
  std::unique_ptr<ByteStream> bytes_;
  LineBuffer lines_;
};

}  // namespace cutline::kube
