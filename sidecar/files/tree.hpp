// Everything below a folder of a container, without following links.
#pragma once

#include "base/deadline.hpp"
#include "sidecar/files/catalog.hpp"
#include "sidecar/files/rooted.hpp"

namespace cutline::files {

// What `status` tells of a file; contents, links and attributes are left empty.
[[nodiscard]] Entry entry_of(std::string path, const struct stat& status);

// The folder itself first, folders before what is in them. Files come without contents and attributes.
// Invalid: the volume is no folder. `moving`: processes run, what vanishes meanwhile is left out.
[[nodiscard]] Result<std::vector<Entry>> walk(const Root& root, const std::string& volume, Deadline deadline,
                                              bool moving = false);

// Absolute paths in the container, each that lies in no other.
[[nodiscard]] Result<std::vector<std::string>> outermost(const std::vector<std::string>& volumes);

}  // namespace cutline::files
