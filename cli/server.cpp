#include "cli/server.hpp"

#include <random>
#include <set>
#include <thread>

namespace cutline::cli {
namespace {

const kube::Resource kPolicies{"cutline.dev", "v1alpha1", "snapshotpolicies"};
const kube::Resource kSnapshots{"cutline.dev", "v1alpha1", "distributedsnapshots"};
const kube::Resource kCheckpoints{"cutline.dev", "v1alpha1", "localcheckpoints"};
const kube::Resource kRollbacks{"cutline.dev", "v1alpha1", "rollbacks"};
const kube::Resource kPods{"", "v1", "pods"};

constexpr Millis kCleanUp{10'000};

Error advised(Error error, const std::string& what) {
  error = error.in(what);
  if (error.code == Code::NotFound)
    error.message += "; is Cutline installed in this cluster? helm install cutline charts/cutline -n cutline-system";
  if (error.code == Code::Unavailable || error.code == Code::Timeout)
    error.message += "; see that `kubectl version` reaches the cluster";
  return error;
}

template <class T>
Status fill(kube::Client& client, const kube::Resource& resource, const std::string& ns, const std::string& labels,
            T (*read)(const Json&), std::vector<T>& out, Deadline deadline) {
  const auto list = client.list(resource, ns, labels, deadline);
  if (!list) return tl::unexpected(advised(list.error(), fmt::format("list {} of namespace {}", resource.plural, ns)));
  for (const auto& item : (*list)["items"]) out.push_back(read(item));
  return {};
}

// Named here and not by the server: a request that is sent twice must not make two.
std::string random_name() {
  std::random_device device;
  return fmt::format("plan-{:08x}{:08x}", device(), device());
}

Result<Rollback> wait_for_answer(kube::Client& client, const kube::Key& key, const std::atomic<bool>& interrupted,
                                 Deadline deadline) {
  constexpr Millis kBetween{200};
  const std::string silent = "; see that it runs: kubectl get pods -A -l app.kubernetes.io/name=cutline";
  std::string waits;  // for what, as it says
  for (;;) {
    const auto object = client.get(kRollbacks, key, deadline);
    if (object) {
      auto now = read_rollback(*object);
      if (now.conditions.is("Planned") || now.conditions.is("Failed")) return now;
      if (const auto* planned = now.conditions.find("Planned"))
        waits = planned->message + "; try again with a longer --timeout";
    } else if (object.error().code != Code::Unavailable && object.error().code != Code::Timeout) {
      return tl::unexpected(advised(object.error(), "read the dry run"));
    }
    if (interrupted) return fail(Code::Timeout, "interrupted; the dry run is removed again");
    if (deadline.passed())
      return fail(Code::Timeout, "the operator has not answered in time{}", waits.empty() ? silent : ": " + waits);
    std::this_thread::sleep_for(std::min(kBetween, deadline.left()));
  }
}

}  // namespace

Result<std::unique_ptr<kube::Client>> connect(const Access& access) {
  auto config = access.kubeconfig.empty() ? kube::discover(access.context)
                                          : kube::from_kubeconfig(access.kubeconfig, access.context);
  if (!config) return tl::unexpected(config.error().in("find the cluster"));
  return kube::Client::connect(std::move(*config));
}

Result<Namespace> look(kube::Client& client, const std::string& ns, Deadline deadline) {
  Namespace out;
  out.name = ns;
  out.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (auto s = fill(client, kPolicies, ns, "", read_policy, out.policies, deadline); !s)
    return tl::unexpected(s.error());
  if (auto s = fill(client, kSnapshots, ns, "", read_snapshot, out.snapshots, deadline); !s)
    return tl::unexpected(s.error());
  if (auto s = fill(client, kCheckpoints, ns, "", read_checkpoint, out.checkpoints, deadline); !s)
    return tl::unexpected(s.error());
  if (auto s = fill(client, kRollbacks, ns, "", read_rollback, out.rollbacks, deadline); !s)
    return tl::unexpected(s.error());
  const auto pods = fill(client, kPods, ns, "cutline.dev/inject=true", read_pod, out.pods, deadline);
  if (!pods && pods.error().code != Code::Unsupported) return tl::unexpected(pods.error());
  return out;
}

Result<std::vector<std::string>> namespaces_with_policies(kube::Client& client, Deadline deadline) {
  const auto list = client.list(kPolicies, "", "", deadline);
  if (!list) return tl::unexpected(advised(list.error(), "list snapshotpolicies of all namespaces"));
  std::set<std::string> names;
  for (const auto& item : (*list)["items"]) names.insert(kube::key_of(item).ns);
  return std::vector<std::string>{names.begin(), names.end()};
}

Result<Rollback> ask(kube::Client& client, const std::string& ns, const Question& question,
                     const std::atomic<bool>& interrupted, Deadline deadline) {
  const kube::Key key{ns, random_name()};
  const auto object = dry_run(ns, key.name, question);
  if (!object) return tl::unexpected(object.error());
  const auto made = client.create(kRollbacks, *object, deadline);
  if (!made && made.error().code != Code::Conflict) {  // Conflict: our own first attempt
    auto error = advised(made.error(), "make a dry run");
    if (error.code == Code::Unsupported)
      error.message += "; a dry run needs the right to create rollbacks: role cutline-restorer";
    return tl::unexpected(std::move(error));
  }
  auto answer = wait_for_answer(client, key, interrupted, deadline);
  const auto removed = client.remove(kRollbacks, key, Deadline::after(kCleanUp));
  if (answer && !removed && removed.error().code != Code::NotFound)
    return tl::unexpected(removed.error().in(
        fmt::format("remove the dry run; do it by hand: kubectl delete rollback -n {} {}", ns, key.name)));
  return answer;
}

}  // namespace cutline::cli
