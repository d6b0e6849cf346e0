#include <array>

#include "sidecar/preflight/rules.hpp"

namespace cutline::preflight {
namespace {

using M = const Mapping&;

bool has_flag(M m, std::string_view flag) {
  const auto padded = " " + m.flags;
  return padded.find(fmt::format(" {} ", flag)) != std::string::npos;
}

constexpr std::array kMappingRules = std::to_array<MappingRule>({
    {kFails, [](M m) { return m.path == "anon_inode:[io_uring]"; },
     "io_uring cannot be saved; leave Cutline's seccomp filter on, with which most servers fall back to epoll, or "
     "switch io_uring off in the application"},
    {kFails, [](M m) { return m.path == "anon_inode:[perf_event]"; },
     "perf counters cannot be saved; end the profiler or switch it off"},
    {kFails, [](M m) { return m.path.starts_with("/secretmem"); },
     "memfd_secret memory cannot be read, so not saved; use memfd_create and mlock"},
    {kFails, [](M m) { return has_flag(m, "um") || has_flag(m, "uw") || has_flag(m, "ui"); },
     "memory whose faults a userfaultfd handles cannot be saved; switch off what handles page faults in user space"},
    {kIsLost, [](M m) { return m.path.starts_with("/[aio]"); },
     "asynchronous I/O that is under way at the cut would be lost; use synchronous or threaded I/O"},
    {kIsLost, [](M m) { return m.path.starts_with("/SYSV"); },
     "a System V segment is saved as if it were this container's alone; do not share it with another container"},
    {kIsLost, [](M m) { return has_flag(m, "sl") && !m.path.starts_with("[v"); },
     "sealed memory (mseal) would come back unsealed; do not rely on it after a rollback"},
    {kIsLost, [](M m) { return m.protection_key != 0; },
     "memory protection keys would be lost; do not rely on them after a rollback"},
});

}  // namespace

std::span<const MappingRule> mapping_rules() { return kMappingRules; }

}  // namespace cutline::preflight
