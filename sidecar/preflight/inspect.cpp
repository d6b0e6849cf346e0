#include "sidecar/preflight/preflight.hpp"
#include "sidecar/preflight/reader.hpp"
#include "sidecar/preflight/rules.hpp"

namespace cutline::preflight {

std::vector<protocol::Finding> inspect(const Subject& subject) {
  Facts facts;
  facts.container = subject.container;
  facts.root = subject.root;
  facts.ghost_limit = subject.ghost_limit;
  facts.mounts = read_mounts(subject.root);
  const std::set<int> tree(subject.tree.begin(), subject.tree.end());
  for (const int pid : tree) {
    if (auto process = read_process(pid)) facts.processes.push_back(*std::move(process));
  }
  for (auto& process : read_container_processes(subject.root)) {
    const bool known = tree.contains(process.pid) ||
                       std::ranges::find(subject.known_outside, process.pid) != subject.known_outside.end();
    if (!known) facts.outside.push_back(std::move(process));
  }
  read_sockets(facts, subject.root);
  read_options(facts.processes);
  return classify(facts);
}

}  // namespace cutline::preflight
