// What the tests of this folder share: a namespace of their own with pods that the operator takes for real ones.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "tests/integration/operator/installation.hpp"
#include "tests/integration/operator/participant.hpp"

namespace cutline::test {

using kube::Json;

class OperatorTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;  // the operator runs again; when the test has failed, its log is shown

  // A pod of app "ledger" with its participant, on a loopback address of its own.
  Participant& pod(const std::string& name);
  // ... the API object alone.
  Json pod_object(const std::string& name, const std::string& address);

  // Of kind "SnapshotPolicy" and the like; the object as the server has it. Fails the test.
  Json make(const std::string& kind, const std::string& name, const Json& spec);
  Json policy(const Json& more = Json::object());                  // "ledger", deadline 30s
  void snapshot(const std::string& name);                          // of that policy
  [[nodiscard]] std::uint64_t committed(const std::string& name);  // ... and waits until it is released: its epoch
  void rollback(const std::string& name, const Json& spec);

  [[nodiscard]] Result<Json> read(const kube::Resource& resource, const std::string& name);
  // Until the object is so; false, with the object shown, if it is not by then.
  [[nodiscard]] bool becomes(const kube::Resource& resource, const std::string& name,
                             const std::function<bool(const Json&)>& so, Deadline deadline = soon());
  [[nodiscard]] bool becomes_true(const kube::Resource& resource, const std::string& name,
                                  const std::string& condition);

  // Called with every command that any participant hears, before it answers.
  void watch(Participant::Watcher watcher);
  // A record as an operator that has died left it.
  Json leave_record(const kube::Resource& resource, const Json& object, const std::function<void(Json&)>& edit);

  kube::Client& client() { return installation().client(); }
  std::string ns;

 private:
  std::mutex mutex_;
  Participant::Watcher watcher_ = [](const auto&) {};
  std::list<Participant> participants_;  // last: ends first
};

[[nodiscard]] std::string condition(const Json& object, const std::string& type, const std::string& field);
[[nodiscard]] std::uint64_t epoch_of(const Json& object);
// A pod's second address, for connections with other pods: those of loopback addresses are a pod's with itself.
[[nodiscard]] std::string inside(const std::string& loopback);
[[nodiscard]] inline std::string inside(const Participant& pod) { return inside(pod.address()); }

// An object as it was at the moment when the first command of kind C came to anybody. Copies see together: a command
// may come again after the test has ended.
template <class C>
class AtFirst {
 public:
  AtFirst(kube::Resource resource, kube::Key key) : resource_(std::move(resource)), key_(std::move(key)) {}
  void see(const protocol::Command& command) const {
    const std::scoped_lock lock{shared_->mutex};
    if (shared_->seen || !std::holds_alternative<C>(command)) return;
    if (auto now = installation().client().get(resource_, key_, soon())) shared_->seen = std::move(*now);
  }
  [[nodiscard]] Json seen() const {
    const std::scoped_lock lock{shared_->mutex};
    return shared_->seen.value_or(Json::object());
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::optional<Json> seen;
  };
  kube::Resource resource_;
  kube::Key key_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

// Said at least once, and never of another epoch: Done, Abort and Release are said again until they are answered.
[[nodiscard]] inline auto only(Epoch epoch) {
  return testing::AllOf(testing::Not(testing::IsEmpty()), testing::Each(epoch));
}

}  // namespace cutline::test
