// cutline-launcher -- COMMAND [ARGUMENT...]: a container's first process.
//
// Environment: CUTLINE_SOCKET (the sidecar's socket), CUTLINE_CONTAINER (this container's name), CUTLINE_SECCOMP=off.
// Exit: as the application; 70 if no sidecar came; 64 if called wrongly; 126 and 127 as a shell's.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "launcher/shell.hpp"

namespace {

std::string_view environment(const char* name, std::string_view otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : std::string_view{value};
}

}  // namespace

int main(int argc, char** argv) {
  using namespace cutline::launcher;
  constexpr int exit_usage = 64;
  const auto container = Name::of(environment("CUTLINE_CONTAINER", "unnamed"));
  if (argc < 3 || std::string_view{argv[1]} != "--" || !container ||
      container->view().find_first_of(" \n") != std::string_view::npos) {
    (void)std::fputs("usage: CUTLINE_CONTAINER=NAME cutline-launcher -- COMMAND [ARGUMENT...]\n", stderr);
    return exit_usage;
  }
  Command command{argv + 2, {}, environment("CUTLINE_SECCOMP", "on") != "off"};
  sigset_t all;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, &command.mask);
  Shell shell{command, environment("CUTLINE_SOCKET", default_socket), *container};
  shell.run();
}
