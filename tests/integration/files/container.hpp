// A stand-in for a container: a process whose mount namespace and root are its own, standing still. Its root lies in a
// temporary folder, so that a test can change files behind it. Ends and removes everything with the object.
#pragma once

#include <filesystem>
#include <functional>

namespace cutline::files {

class Container {
 public:
  // `inside` runs in the new process, its root already changed; what it opens and maps stays so. It must not use gtest.
  // Mounts that it makes vanish with it.
  Container(const std::function<void(const std::filesystem::path& root)>& prepare, const std::function<void()>& inside);
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }      // as the test sees it
  [[nodiscard]] const std::filesystem::path& images() const { return images_; }  // an empty folder outside
  // Ends the first process and starts another at the same root: what happens between a cut and its rollback.
  void restart(const std::function<void()>& inside);

 private:
  void start(const std::function<void()>& inside);
  void stop();

  std::filesystem::path top_;
  std::filesystem::path root_;
  std::filesystem::path images_;
  int pid_ = -1;
};

void write(const std::filesystem::path& path, std::string_view contents);
[[nodiscard]] std::string read(const std::filesystem::path& path);

}  // namespace cutline::files
