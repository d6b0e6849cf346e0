#include "sidecar/criu/bundle.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

namespace cutline::criu {

Result<Bundle> open_bundle(const std::string& folder, const std::string& cache) {
  Bundle out;
  struct Part {
    Fd& fd;
    std::string path;
    int flags;
  };
  const Part parts[] = {{out.loader, folder + "/ld.so", O_RDONLY},
                        {out.libraries, folder + "/lib", O_RDONLY | O_DIRECTORY},
                        {out.binary, folder + "/criu", O_RDONLY},
                        {out.preload, folder + "/preload.so", O_RDONLY},
                        {out.cache, cache, O_RDONLY | O_DIRECTORY}};
  for (const auto& part : parts) {
    auto fd = open_file(part.path, part.flags);
    if (!fd) return forward(fd, "CRIU's bundle");
    part.fd = std::move(*fd);
  }
  struct statfs where{};
  if (::fstatfs(out.cache.get(), &where) != 0) return fail_errno(errno, "statfs " + cache);
  if (where.f_type != TMPFS_MAGIC)
    return fail(Code::Unsupported, "{} is not on tmpfs, CRIU would not keep its cache there", cache);
  return out;
}

}  // namespace cutline::criu
