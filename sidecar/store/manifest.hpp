// manifest.json: what a checkpoint consists of. Its own digest, once the files are hashed, is what the coordinator
// records, and so vouches for every file.
#pragma once

#include "protocol/messages.hpp"

namespace cutline::store {

// Large files are hashed in pieces of this size, on all cores. Smaller ones have one piece: their plain SHA-256.
inline constexpr std::uint64_t kPiece = 64 << 20;

struct FileRecord {
  std::string path;  // relative to the checkpoint's folder: "<container>/pages-1.img"
  std::uint64_t size = 0;
  std::vector<std::string> sha256;  // hex, of each piece; an empty file has one. None: not hashed yet
  bool operator==(const FileRecord&) const = default;
};

struct ContainerRecord {
  std::string name;
  int root = 0;  // PID of the saved tree's root
  bool operator==(const ContainerRecord&) const = default;
};

struct Manifest {
  PodUid uid;
  PodName pod;
  protocol::LocalCheckpoint
      checkpoint;  // index, bytes: entered by seal. digest: not part of the text, entered by load and verify
  std::vector<ContainerRecord> containers;
  std::map<std::string, std::string> versions;  // of what wrote it: cutline, criu, kernel
  std::vector<FileRecord> files;                // entered by seal; by path
  bool operator==(const Manifest&) const = default;
};

inline constexpr const char* kManifestFile = "manifest.json";

// Canonical: the same values give the same bytes.
[[nodiscard]] std::string to_json(const Manifest& manifest);
// Corrupt: torn, of another schema, or with a name that could lead out of the folder.
[[nodiscard]] Result<Manifest> manifest_from_json(std::string_view text);

// Relative, no empty, "." or ".." component, no NUL.
[[nodiscard]] bool safe_name(std::string_view path);

}  // namespace cutline::store
