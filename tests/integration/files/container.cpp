#include "tests/integration/files/container.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace cutline::files {
namespace {

bool change_root(const std::string& root) {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount(root.c_str(), root.c_str(), nullptr, MS_BIND, nullptr) == 0 && ::chdir(root.c_str()) == 0 &&
         ::syscall(SYS_pivot_root, ".", ".") == 0 && ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0;
}

}  // namespace

Container::Container(const std::function<void(const std::filesystem::path&)>& prepare,
                     const std::function<void()>& inside) {
  std::string pattern = std::filesystem::temp_directory_path() / "cutline-files-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  top_ = pattern;
  root_ = top_ / "root";
  images_ = top_ / "images";
  std::filesystem::create_directories(root_);
  std::filesystem::create_directories(images_);
  prepare(root_);
  start(inside);
}

Container::~Container() {
  stop();
  std::filesystem::remove_all(top_);
}

void Container::restart(const std::function<void()>& inside) {
  stop();
  start(inside);
}

void Container::start(const std::function<void()>& inside) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  pid_ = ::fork();
  if (pid_ == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // What the test runner has left open here is no file of the container's.
    (void)::close_range(3, static_cast<unsigned>(ready[1]) - 1, 0);
    (void)::close_range(static_cast<unsigned>(ready[1]) + 1, ~0U, 0);
    if (!change_root(root_)) ::_exit(1);
    inside();
    (void)::write(ready[1], "1", 1);
    for (;;) ::pause();
  }
  (void)::close(ready[1]);
  char byte = 0;
  const bool fine = ::read(ready[0], &byte, 1) == 1;
  (void)::close(ready[0]);
  if (!fine)
    throw std::runtime_error("the process in the container did not start: this test needs root and mount namespaces");
}

void Container::stop() {
  if (pid_ <= 0) return;
  (void)::kill(pid_, SIGKILL);
  (void)::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void write(const std::filesystem::path& path, std::string_view contents) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream{path, std::ios::binary | std::ios::trunc} << contents;
}

std::string read(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream{path, std::ios::binary}.rdbuf();
  return out.str();
}

}  // namespace cutline::files
