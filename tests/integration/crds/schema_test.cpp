// The CRDs as the API server has them.
#include "tests/integration/crds/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Json;

Json definitions() {
  const auto text = kubectl(server(), {"get", "crd", "-o", "json"});
  if (!text) ADD_FAILURE() << text.error().message;
  return Json::parse(text.value_or("{\"items\": []}"))["items"];
}

Json schema_of(const std::string& kind) {
  for (const auto& crd : definitions())
    if (crd.at("spec").at("names").at("kind") == kind)
      return crd.at("/spec/versions/0/schema/openAPIV3Schema"_json_pointer);
  ADD_FAILURE() << "no such kind: " << kind;
  return Json::object();
}

// Calls `visit(path, schema)` for a schema and everything below it.
template <class F>
void walk(const Json& schema, const std::string& path, const F& visit) {
  visit(path, schema);
  if (schema.contains("properties"))
    for (const auto& [name, child] : schema["properties"].items()) walk(child, path + "." + name, visit);
  if (schema.contains("items")) walk(schema["items"], path + "[]", visit);
  if (schema.contains("additionalProperties")) walk(schema["additionalProperties"], path + "{}", visit);
}

TEST(Schemas, AllFiveKindsAreServed) {
  const auto kinds = kubectl(server(), {"api-resources", "--categories=cutline", "--no-headers", "-o", "name"});
  ASSERT_TRUE(kinds) << kinds.error().message;
  for (const auto* kind :
       {"snapshotpolicies", "distributedsnapshots", "localcheckpoints", "rollbacks", "snapshotrepositories"})
    EXPECT_THAT(*kinds, testing::HasSubstr(std::string{kind} + ".cutline.dev"));
  for (const auto* name : {"spol", "dsnap", "lckpt", "rb", "srepo"})
    EXPECT_TRUE(kubectl(server(), {"get", name})) << name;
}

TEST(Schemas, EveryFieldIsExplained) {
  for (const auto& crd : definitions())
    walk(crd.at("/spec/versions/0/schema/openAPIV3Schema"_json_pointer), crd.at("spec").at("names").at("kind"),
         [](const std::string& path, const Json& schema) {
           EXPECT_TRUE(schema.contains("description") || path.ends_with(".metadata")) << path;
         });
}

TEST(Schemas, EveryListSaysHowTwoWritersAreMerged) {
  for (const auto& crd : definitions())
    walk(crd.at("/spec/versions/0/schema/openAPIV3Schema"_json_pointer), crd.at("spec").at("names").at("kind"),
         [](const std::string& path, const Json& schema) {
           EXPECT_TRUE(schema.value("type", "") != "array" || schema.contains("x-kubernetes-list-type")) << path;
         });
}

// Defaults and wording apart: in a snapshot they would stand beside a policy's.
TEST(Schemas, TheSameFieldMeansTheSameInAPolicyAndInASnapshot) {
  const auto policy = schema_of("SnapshotPolicy").at("/properties/spec/properties"_json_pointer);
  const auto snapshot = schema_of("DistributedSnapshot").at("/properties/spec/properties"_json_pointer);
  for (const auto* field : {"selector", "volumes", "hooks", "repositoryRef"})
    EXPECT_EQ(policy.at(field), snapshot.at(field)) << field;
  for (const auto* field : {"deadline", "gate"}) {
    auto in_policy = policy.at(field), in_snapshot = snapshot.at(field);
    for (auto* schema : {&in_policy, &in_snapshot})
      for (const auto* key : {"default", "description"}) schema->erase(key);
    EXPECT_EQ(in_policy, in_snapshot) << field;
  }
}

}  // namespace
}  // namespace cutline::test
