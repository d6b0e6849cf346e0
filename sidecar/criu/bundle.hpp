// The relocatable CRIU (images/criu-bundle) as descriptors, which stay valid inside any container.
#pragma once

#include <string>

#include "base/fd.hpp"

namespace cutline::criu {

struct Bundle {
  Fd loader;     // ld.so
  Fd libraries;  // lib/
  Fd binary;     // criu
  Fd preload;    // preload.so, of preload.c
  Fd cache;      // a folder on tmpfs, for CRIU's own cache of the kernel's features
};

// NotFound names the missing part. Unsupported: `cache` is not on tmpfs.
[[nodiscard]] Result<Bundle> open_bundle(const std::string& folder, const std::string& cache);

}  // namespace cutline::criu
