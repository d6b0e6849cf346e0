// What the tests of this folder share: the server, an administrator's client, a namespace of their own each, a small
// CRD.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kube/client.hpp"
#include "tests/integration/kube/api_server.hpp"

namespace cutline::test {

[[nodiscard]] ApiServer& server();
[[nodiscard]] inline Deadline soon() { return Deadline::after(Millis{30'000}); }

class KubeTest : public testing::Test {
 protected:
  void SetUp() override;

  // {namespace of this test, name}
  [[nodiscard]] kube::Key key(const std::string& name) const { return {ns, name}; }
  [[nodiscard]] kube::Json config_map(const std::string& name, const std::string& value) const;
  // An Example: a custom resource with a status subresource.
  [[nodiscard]] kube::Json example(const std::string& name) const;
  // Creates or fails the test; the object as the server has it.
  kube::Json must_create(const kube::Resource& resource, const kube::Json& object);

  std::unique_ptr<kube::Client> client;
  std::string ns;
};

inline const kube::Resource namespaces{"", "v1", "namespaces", false};
inline const kube::Resource config_maps{"", "v1", "configmaps"};
inline const kube::Resource leases{"coordination.k8s.io", "v1", "leases"};
inline const kube::Resource core_events{"", "v1", "events"};
inline const kube::Resource examples{"test.cutline.dev", "v1", "examples"};

}  // namespace cutline::test
