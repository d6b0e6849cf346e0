#include "sidecar/files/earlier.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace cutline::files {
Result<Earlier> Earlier::link(const std::string& from, const std::string& folder) {
  auto catalog = read_catalog(from);
  if (!catalog) return tl::unexpected(catalog.error());
  Earlier out;
  out.catalog_ = *std::move(catalog);
  std::erase_if(out.catalog_.entries,
                [](const Entry& e) { return e.kind != Kind::File || !e.settled || e.data.empty(); });
  const auto undone = [&](const std::string& what) {
    const int error = errno;
    for (const auto& [name, size] : out.sizes_) (void)::unlink((folder + '/' + name).c_str());
    return fail_errno(error, what);
  };
  for (const auto& e : out.catalog_.entries) {
    out.by_inode_.emplace(inode_of(e), &e);
    if (out.sizes_.contains(e.data)) continue;
    const auto source = from + '/' + e.data;
    struct stat status{};
    if (::lstat(source.c_str(), &status) != 0) return undone("stat " + source);
    if (::link(source.c_str(), (folder + '/' + e.data).c_str()) != 0) return undone("link " + source);
    out.sizes_.emplace(e.data, static_cast<std::uint64_t>(status.st_size));
  }
  return out;
}

const Entry* Earlier::same(const Entry& now) const {
  const auto found = by_inode_.find(inode_of(now));
  if (found == by_inode_.end()) return nullptr;
  const auto& then = *found->second;
  return then.ctime == now.ctime && then.mtime == now.mtime && then.size == now.size ? &then : nullptr;
}

std::set<std::string> Earlier::keep(const std::map<std::string, std::uint64_t>& wanted, std::uint64_t part,
                                    const std::string& folder) const {
  std::set<std::string> out;
  for (const auto& [name, size] : sizes_) {
    const auto bytes = wanted.find(name);
    if (bytes != wanted.end() && part * bytes->second >= size)
      out.insert(name);
    else
      (void)::unlink((folder + '/' + name).c_str());
  }
  return out;
}

}  // namespace cutline::files
