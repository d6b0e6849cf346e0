// The files of one checkpoint's folder: listed, hashed and compared. Never follows a link.
#pragma once

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "sidecar/store/manifest.hpp"

namespace cutline::store {

struct Content {
  std::vector<std::string> files;    // relative, by path; without manifest and mark of commitment
  std::vector<std::string> folders;  // relative
};

// Corrupt: there is something that is neither file nor folder.
[[nodiscard]] Result<Content> list_content(const std::string& folder);

// Hashes all files on every core. With `flush` they are written to disk meanwhile, and are there when this returns.
[[nodiscard]] Result<std::vector<FileRecord>> hash_content(const std::string& folder,
                                                           const std::vector<std::string>& files, bool flush,
                                                           Deadline deadline);

// Files and folders as listed, the manifest, and the folder itself are on disk when it returns. A few at a time:
// together, the file system commits their journal entries in groups.
[[nodiscard]] Status flush_content(const std::string& folder, const Content& content, Deadline deadline);

// Its names, not what they lead to.
[[nodiscard]] Status flush_folder(const std::string& path);

// Opens a file inside of the folder, whatever its name says. Corrupt: it is missing or is no plain file.
[[nodiscard]] Result<Fd> open_inside(int folder, const std::string& path);

}  // namespace cutline::store
