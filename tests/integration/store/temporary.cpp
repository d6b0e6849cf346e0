#include "tests/integration/store/temporary.hpp"

#include <sys/mount.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace cutline::store {

Temporary::Temporary() {
  std::string pattern = std::filesystem::temp_directory_path() / "cutline-store-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

Temporary::~Temporary() {
  if (mounted_) (void)::umount2(path_.c_str(), MNT_DETACH);
  std::filesystem::remove_all(path_);
}

void Temporary::limit(std::string_view size) {
  const auto options = "size=" + std::string{size};
  if (::mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) != 0)
    throw std::runtime_error("mount tmpfs: this test needs root");
  mounted_ = true;
}

void write(const std::filesystem::path& path, std::string_view contents) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << contents;
}

}  // namespace cutline::store
