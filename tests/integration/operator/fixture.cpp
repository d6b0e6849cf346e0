#include "tests/integration/operator/fixture.hpp"

#include <unistd.h>

#include <atomic>
#include <iostream>

namespace cutline::test {
namespace {

const kube::Resource& resource_of(const std::string& kind) {
  if (kind == "SnapshotPolicy") return op::kPolicies;
  if (kind == "DistributedSnapshot") return op::kSnapshots;
  if (kind == "Rollback") return op::kRollbacks;
  return op::kRepositories;
}

// The control port is the same for all, so each has an address; another run of these tests has others.
std::string next_address() {
  static std::atomic<unsigned> count = 0;
  const auto pid = static_cast<unsigned>(::getpid());
  const auto n = ++count;
  return fmt::format("127.{}.{}.{}", 64 + pid % 128, pid / 128 % 250, n);
}

}  // namespace

// 127.64.1.2: fd00::64:1:2
std::string inside(const std::string& loopback) {
  auto out = "fd00::" + loopback.substr(loopback.find('.') + 1);
  std::ranges::replace(out, '.', ':');
  return out;
}

std::string condition(const Json& object, const std::string& type, const std::string& field) {
  const auto* found = op::find_condition(object, type);
  return found == nullptr ? std::string{} : found->value(field, "");
}

std::uint64_t epoch_of(const Json& object) {
  return object.value(Json::json_pointer("/status/epoch"), std::uint64_t{0});
}

void OperatorTest::SetUp() {
  const auto made = client().create(
      kNamespaces, {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"generateName", "bank-"}}}}, soon());
  ASSERT_TRUE(made) << made.error().message;
  ns = kube::key_of(*made).name;
}

void OperatorTest::TearDown() {
  if (HasFailure()) std::cout << installation().log_tail() << "\n";
  if (!installation().operator_runs()) {
    const auto started = installation().start_operator();
    EXPECT_TRUE(started) << started.error().message;
  }
  // What is left must not occupy the operator: its participants go with this test.
  for (const auto& resource : {op::kSnapshots, op::kRollbacks, op::kPolicies}) {
    const auto left = client().list(resource, ns, "", soon());
    if (!left) continue;
    for (const auto& object : (*left)["items"]) (void)client().remove(resource, kube::key_of(object), soon());
  }
}

Json OperatorTest::pod_object(const std::string& name, const std::string& address) {
  const Json object = {
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata", {{"namespace", ns}, {"name", name}, {"labels", {{"app", "ledger"}, {op::kInjectLabel, "true"}}}}},
      {"spec",
       {{"nodeName", "node-a"},
        {"terminationGracePeriodSeconds", 0},
        {"initContainers",
         Json::array({{{"name", "cutline-sidecar"}, {"image", "sidecar"}, {"restartPolicy", "Always"}}})},
        {"containers", Json::array({{{"name", "ledger"}, {"image", "ledger"}}})}}}};
  const auto made = client().create(op::kPods, object, soon());
  EXPECT_TRUE(made) << made.error().message;
  const Json running = {{"running", {{"startedAt", "2026-01-01T00:00:00Z"}}}};
  const auto container = [&](const char* of) {
    return Json{{"name", of},  {"ready", true}, {"started", true}, {"restartCount", 0},
                {"image", of}, {"imageID", ""}, {"state", running}};
  };
  const Json status = {{"status",
                        {{"phase", "Running"},
                         {"podIP", address},
                         {"podIPs", Json::array({{{"ip", address}}, {{"ip", inside(address)}}})},
                         {"initContainerStatuses", Json::array({container("cutline-sidecar")})},
                         {"containerStatuses", Json::array({container("ledger")})}}}};
  auto runs = client().merge_patch(op::kPods, {ns, name}, status, soon(), "status");
  EXPECT_TRUE(runs) << runs.error().message;
  return runs.value_or(Json::object());
}

Participant& OperatorTest::pod(const std::string& name) {
  const auto address = next_address();
  const auto uid = PodUid{kube::uid_of(pod_object(name, address))};
  return participants_.emplace_back(uid, address, installation().authority(), [this](const protocol::Command& command) {
    Participant::Watcher watcher;
    {
      const std::scoped_lock lock{mutex_};
      watcher = watcher_;
    }
    watcher(command);
  });
}

void OperatorTest::watch(Participant::Watcher watcher) {
  const std::scoped_lock lock{mutex_};
  watcher_ = std::move(watcher);
}

Json OperatorTest::make(const std::string& kind, const std::string& name, const Json& spec) {
  const Json object = {{"apiVersion", "cutline.dev/v1alpha1"},
                       {"kind", kind},
                       {"metadata", {{"namespace", ns}, {"name", name}}},
                       {"spec", spec}};
  auto made = client().create(resource_of(kind), object, soon());
  EXPECT_TRUE(made) << made.error().message;
  return made.value_or(Json::object());
}

Json OperatorTest::policy(const Json& more) {
  Json spec = {{"selector", {{"matchLabels", {{"app", "ledger"}}}}}, {"deadline", "30s"}};
  spec.update(more);
  return make("SnapshotPolicy", "ledger", spec);
}

void OperatorTest::snapshot(const std::string& name) {
  (void)make("DistributedSnapshot", name, {{"policyRef", {{"name", "ledger"}}}});
}

std::uint64_t OperatorTest::committed(const std::string& name) {
  snapshot(name);
  EXPECT_TRUE(becomes_true(op::kSnapshots, name, "Released"));
  return epoch_of(read(op::kSnapshots, name).value_or(Json::object()));
}

void OperatorTest::rollback(const std::string& name, const Json& spec) { (void)make("Rollback", name, spec); }

Result<Json> OperatorTest::read(const kube::Resource& resource, const std::string& name) {
  return client().get(resource, {ns, name}, soon());
}

bool OperatorTest::becomes(const kube::Resource& resource, const std::string& name,
                           const std::function<bool(const Json&)>& so, Deadline deadline) {
  Result<Json> last = fail(Code::NotFound, "never read");
  const auto is_so = [&] { return (last = read(resource, name)).has_value() && so(*last); };
  if (eventually(is_so, deadline)) return true;
  std::cout << name << " is: " << (last ? last->dump(1) : last.error().message) << "\n";
  return false;
}

bool OperatorTest::becomes_true(const kube::Resource& resource, const std::string& name, const std::string& condition) {
  return becomes(resource, name, [&](const Json& object) { return op::is_true(object, condition); });
}

Json OperatorTest::leave_record(const kube::Resource& resource, const Json& object,
                                const std::function<void(Json&)>& edit) {
  Json next = object;
  edit(next);
  auto written = client().merge_patch(
      resource, kube::key_of(object),
      {{"metadata", {{"finalizers", next["metadata"].value("finalizers", Json::array())}}}}, soon());
  EXPECT_TRUE(written) << written.error().message;
  written = client().merge_patch(resource, kube::key_of(object), {{"status", next["status"]}}, soon(), "status");
  EXPECT_TRUE(written) << written.error().message;
  return written.value_or(Json::object());
}

}  // namespace cutline::test
