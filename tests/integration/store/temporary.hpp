// A folder that goes with the object.
#pragma once

#include <filesystem>
#include <string_view>

namespace cutline::store {

class Temporary {
 public:
  Temporary();
  ~Temporary();
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Mounts a file system of that size on it: real "no space left", without a fake.
  void limit(std::string_view size);

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

void write(const std::filesystem::path& path, std::string_view contents);

}  // namespace cutline::store
