// The files of one checkpoint's folder: listed, hashed and compared. Never follows a link.
#pragma once

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "sidecar/store/manifest.hpp"

namespace cutline::store {

struct Content {
  std::vector<FileRecord> files;     // by path, not hashed; without manifest and mark of commitment
  std::vector<std::string> folders;  // relative
};

// Corrupt: there is something that is neither file nor folder.
[[nodiscard]] Result<Content> list_content(const std::string& folder);

enum class Reading { Only, AndFlush };

// Hashes the files on every core. With AndFlush they are written to disk meanwhile, and are there when this returns.
[[nodiscard]] Result<std::vector<FileRecord>> hash_files(const std::string& folder, std::vector<FileRecord> files,
                                                         Reading reading, Deadline deadline);

// Its names, not what they lead to.
[[nodiscard]] Status flush_folder(const std::string& path);
[[nodiscard]] Status flush_folders(const std::string& path);  // and of all folders in it

// Opens a file inside of the folder, whatever its name says. Corrupt: it is missing or is no plain file.
[[nodiscard]] Result<Fd> open_inside(int folder, const std::string& path);

}  // namespace cutline::store
