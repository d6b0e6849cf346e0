#include "sidecar/criu/arguments.hpp"

namespace cutline::criu {
namespace {

// A path where nothing ever is: CRIU finds no program of the container's to run.
constexpr auto kNowhere = "/proc/self/fd/9999";

}  // namespace

Child criu_child(const Bundle& bundle, const char* action, int images, int work, const char* log) {
  Child child;
  child.name = "CRIU";
  child.arguments = {child.inherit(bundle.loader.get()),
                     "--inhibit-cache",
                     "--library-path",
                     child.inherit(bundle.libraries.get()),
                     "--preload",
                     child.inherit(bundle.preload.get()),
                     child.inherit(bundle.binary.get()),
                     action,
                     "--no-default-config",
                     "--images-dir",
                     child.inherit(images),
                     "--work-dir",
                     child.inherit(work),
                     "--log-file",
                     log,
                     "-v3",
                     "--tcp-established",
                     "--manage-cgroups=ignore",
                     "--file-locks",
                     "--ext-unix-sk",
                     "--ghost-limit",
                     "64M"};
  child.environment = {fmt::format("PATH={}", kNowhere), fmt::format("HOME={}", kNowhere), "GNUTLS_NO_IMPLICIT_INIT=1",
                       fmt::format("CUTLINE_KDAT={}/criu.kdat", child.inherit(bundle.cache.get()))};
  return child;
}

}  // namespace cutline::criu
