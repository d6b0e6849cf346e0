#include "tests/integration/kube/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Json;

auto* const environment =
    static_cast<ApiServerEnvironment*>(testing::AddGlobalTestEnvironment(new ApiServerEnvironment));

const kube::Resource definitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions", false};

Json example_definition() {
  const Json open{{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  const Json schema{{"type", "object"},
                    {"properties",
                     {{"spec", {{"type", "object"}, {"properties", {{"size", {{"type", "integer"}, {"minimum", 1}}}}}}},
                      {"status", open}}}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", "examples.test.cutline.dev"}}},
          {"spec",
           {{"group", "test.cutline.dev"},
            {"scope", "Namespaced"},
            {"names", {{"plural", "examples"}, {"singular", "example"}, {"kind", "Example"}}},
            {"versions", Json::array({{{"name", "v1"},
                                       {"served", true},
                                       {"storage", true},
                                       {"subresources", {{"status", Json::object()}}},
                                       {"schema", {{"openAPIV3Schema", schema}}}}})}}}};
}

}  // namespace

ApiServer& server() { return environment->server(); }

void KubeTest::SetUp() {
  auto made = server().client();
  ASSERT_TRUE(made) << made.error().message;
  client = std::move(*made);
  const auto space = client->create(
      namespaces, {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"generateName", "test-"}}}}, soon());
  ASSERT_TRUE(space) << space.error().message;
  ns = kube::key_of(*space).name;
  const auto defined = client->apply(definitions, example_definition(), "test", true, soon());
  ASSERT_TRUE(defined) << defined.error().message;
  ASSERT_TRUE(eventually([&] { return client->list(examples, ns, "", soon()).has_value(); }, soon()));
}

Json KubeTest::config_map(const std::string& name, const std::string& value) const {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"namespace", ns}, {"name", name}, {"labels", {{"test", "yes"}}}}},
          {"data", {{"value", value}}}};
}

Json KubeTest::example(const std::string& name) const {
  return {{"apiVersion", "test.cutline.dev/v1"},
          {"kind", "Example"},
          {"metadata", {{"namespace", ns}, {"name", name}}},
          {"spec", {{"size", 3}}}};
}

Json KubeTest::must_create(const kube::Resource& resource, const Json& object) {
  auto created = client->create(resource, object, soon());
  if (!created) ADD_FAILURE() << created.error().message;
  return created.value_or(Json::object());
}

}  // namespace cutline::test
