#include <sched.h>

#include <array>

#include "sidecar/preflight/rules.hpp"

namespace cutline::preflight {
namespace {

using P = const Process&;
using F = const Facts&;

const Thread* root_thread(F facts) {
  const auto* root = facts.find(facts.root);
  return root == nullptr || root->threads.empty() ? nullptr : root->threads.data();
}

std::string of_thread(P p, const Thread& t, std::string_view what) {
  return t.tid == p.pid ? std::string{what} : fmt::format("thread {}, {}", t.tid, what);
}

std::string other_namespace(P p, F facts) {
  const auto* root = root_thread(facts);
  if (root == nullptr) return {};
  for (const auto& t : p.threads) {
    for (const auto* kind : {"user", "uts", "ipc", "pid", "time", "mnt", "net"}) {
      const auto mine = t.namespaces.find(kind);
      const auto wanted = root->namespaces.find(kind);
      if (mine == t.namespaces.end() || wanted == root->namespaces.end() || mine->second == wanted->second) continue;
      return of_thread(p, t, fmt::format("its own {} namespace", kind));
    }
  }
  return {};
}

std::string affinity(P p, F facts) {
  const auto* root = root_thread(facts);
  for (const auto& t : p.threads) {
    if (root != nullptr && t.cpus != root->cpus) return of_thread(p, t, "bound to CPUs " + t.cpus);
  }
  return {};
}

std::string deadline_scheduling(P p, F) {
  for (const auto& t : p.threads) {
    if (t.scheduler == 6) return of_thread(p, t, "SCHED_DEADLINE");
  }
  return {};
}

std::string blocked_in_vfork(P p, F) {
  for (const auto& t : p.threads) {
    if (t.state == 'D' && t.waits_in == "kernel_clone") return of_thread(p, t, "waits for its vfork child");
  }
  return {};
}

std::string own_folder(P p, F) {
  if (p.state == 'Z') return {};  // its first thread has none any more
  for (const auto& t : p.threads) {
    if (t.cwd != p.threads.front().cwd) return of_thread(p, t, "working folder " + t.cwd);
  }
  return {};
}

std::string own_descriptors(P p, F) {
  if (p.state == 'Z') return {};
  for (const auto& t : p.threads) {
    if (t.own_descriptors) return of_thread(p, t, "a descriptor table of its own");
  }
  return {};
}

constexpr std::array kProcessRules = std::to_array<ProcessRule>({
    {kFails, [](P p, F) { return p.tracer == 0 ? std::string{} : fmt::format("traced by process {}", p.tracer); },
     "a process that is being traced cannot be saved; detach the debugger or strace"},
    {kFails,
     [](P p, F) {
       return p.state == 'Z' && p.thread_count > 1 ? std::string{"its first thread has ended, others run"}
                                                   : std::string{};
     },
     "a process whose first thread has ended cannot be saved; let the main thread wait for the others"},
    {kFails, blocked_in_vfork,
     "a process that waits in vfork cannot be frozen; snapshot again when its child has called exec or ended"},
    {kFails, other_namespace,
     "namespaces below the container's cannot be saved; switch the application's sandbox off, or exclude the "
     "container"},
    {kFails, deadline_scheduling, "SCHED_DEADLINE is not restored; use SCHED_FIFO or SCHED_RR"},
    {kFails, [](P p, F) { return p.executable.starts_with("/memfd:") ? "program " + p.executable : std::string{}; },
     "a program that was started from memory (memfd) is not restored; start it from a file"},
    {kIsLost, affinity, "the binding to CPUs would be lost; bind again after a rollback (hook afterRollback)"},
    {kIsLost,
     [](P p, F) { return p.io_priority == 0 ? std::string{} : fmt::format("I/O priority {:#x}", p.io_priority); },
     "the I/O priority would be lost; set it again after a rollback (hook afterRollback)"},
    {kIsLost, own_folder, "a thread's own working folder would be its process's; use the *at calls"},
    {kIsLost, own_descriptors, "a thread's own descriptor table would be its process's; do not unshare it"},
});

}  // namespace

std::span<const ProcessRule> process_rules() { return kProcessRules; }

}  // namespace cutline::preflight
