// What an earlier capture of a container has stored, for one that comes after it: a file that is still the same is not
// copied again.
//
// The earlier capture's data files become this one's by hard links: each owns its bytes, and either may be deleted.
#pragma once

#include "base/ids.hpp"
#include "sidecar/files/catalog.hpp"

namespace cutline::files {

class Earlier {
 public:
  // Reads what capture or precopy has written into `from`, and links its data files into `folder`, an empty one. Not
  // while processes stand still: it may read much. An error harms nothing: go without.
  [[nodiscard]] static Result<Earlier> link(const std::string& from, const std::string& folder);

  // The entry whose contents and attributes this file still has, or null. Not for files that are mapped writable now.
  [[nodiscard]] const Entry* same(const Entry& now) const;

  // By how many bytes are wanted of each data file: unlinks from `folder` those of which less than one `part`-th is, as
  // they cost more than they spare. Returns the others.
  [[nodiscard]] std::set<std::string> keep(const std::map<std::string, std::uint64_t>& wanted, std::uint64_t part,
                                           const std::string& folder) const;

 private:
  Catalog catalog_;
  std::map<Inode, const Entry*> by_inode_;
  std::map<std::string, std::uint64_t> sizes_;  // of all data files that were linked
};

}  // namespace cutline::files
