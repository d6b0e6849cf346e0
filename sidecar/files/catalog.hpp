// files.json: what was captured of a container. Values, and their text form.
#pragma once

#include <ctime>

#include "base/result.hpp"

namespace cutline::files {

enum class Kind {
  File,
  Folder,
  Symlink,
  HardLink,  // another name of an earlier File
  Fifo,
  Special,  // socket or device: its presence is known, nothing else
};

struct Extent {              // contents; what lies between extents is a hole
  std::uint64_t at = 0;      // in the file
  std::uint64_t length = 0;  // bytes
  std::uint64_t stored = 0;  // in the data file
  bool operator==(const Extent&) const = default;
};

struct Entry {
  std::string path;  // in the container, absolute, without "." and ".."
  Kind kind = Kind::File;
  bool in_volume = false;
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;  // bytes on disk; less than `size`: there are holes
  std::uint32_t mode = 0;       // permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime = 0;  // ns since 1970
  std::int64_t ctime = 0;  // ns since 1970
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  // Same inode and change time later mean: not written since. Not so for files mapped writable, which change without a
  // trace, and for those that changed shortly before the capture.
  bool settled = false;
  std::string data;   // of a File: name of the data file, beside the catalog
  std::string links;  // Symlink: its target. HardLink: path of the File
  std::vector<Extent> extents;
  std::map<std::string, std::string> xattrs;
  [[nodiscard]] std::uint64_t stored() const {  // bytes of contents
    std::uint64_t out = 0;
    for (const auto& x : extents) out += x.length;
    return out;
  }
  bool operator==(const Entry&) const = default;
};

struct Catalog {
  std::vector<std::string> volumes;
  std::vector<Entry> entries;  // folders before what is in them
  bool operator==(const Catalog&) const = default;
};

using Inode = std::pair<std::uint64_t, std::uint64_t>;  // device, inode
[[nodiscard]] inline Inode inode_of(const Entry& e) { return {e.device, e.inode}; }

inline constexpr const char* kCatalogFile = "files.json";

[[nodiscard]] std::string to_json(const Catalog& catalog);
[[nodiscard]] Status write_catalog(const Catalog& catalog, const std::string& folder);
[[nodiscard]] Result<Catalog> read_catalog(const std::string& folder);
// Corrupt: not JSON, of another schema, or with a name that could lead out of the container or of the folder.
[[nodiscard]] Result<Catalog> from_json(std::string_view text);

// Absolute, no empty, "." or ".." component, no NUL, not "/" itself.
[[nodiscard]] bool safe_path(std::string_view path);

}  // namespace cutline::files
