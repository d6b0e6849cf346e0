#include "kube/resource.hpp"

#include <gtest/gtest.h>

namespace cutline::kube {
namespace {

const Resource pods{"", "v1", "pods"};
const Resource rollbacks{"cutline.dev", "v1alpha1", "rollbacks"};
const Resource nodes{"", "v1", "nodes", false};

TEST(APath, OfTheCoreGroupHasNoGroup) {
  EXPECT_EQ(object_path(pods, {"shop", "ledger-0"}).value_or(""), "/api/v1/namespaces/shop/pods/ledger-0");
}

TEST(APath, OfAnotherGroupNamesIt) {
  EXPECT_EQ(object_path(rollbacks, {"shop", "r"}, "status").value_or(""),
            "/apis/cutline.dev/v1alpha1/namespaces/shop/rollbacks/r/status");
}

TEST(APath, OfAllNamespacesHasNone) { EXPECT_EQ(collection_path(pods, ""), "/api/v1/pods"); }

TEST(APath, OfWhatHasNoNamespaceIgnoresIt) {
  EXPECT_EQ(object_path(nodes, {"x", "n"}).value_or(""), "/api/v1/nodes/n");
}

TEST(APath, CannotBeLedAstrayByAName) {
  EXPECT_EQ(object_path(pods, {"shop", "../../secrets?x"}).value_or(""),
            "/api/v1/namespaces/shop/pods/..%2F..%2Fsecrets%3Fx");
}

TEST(APath, WithoutNameOrNamespaceIsInvalid) {
  EXPECT_EQ(object_path(pods, {"shop", ""}).error().code, Code::Invalid);
  EXPECT_EQ(object_path(pods, {"", "ledger-0"}).error().code, Code::Invalid);
}

TEST(AStringOfAnObject, IsEmptyWhereTheObjectHasAnotherShape) {
  const Json object{{"a", {{"b", "x"}, {"n", 3}}}};
  EXPECT_EQ(string_at(object, "/a/b"), "x");
  EXPECT_EQ(string_at(object, "/a/n"), "");
  EXPECT_EQ(string_at(object, "/a/b/c"), "");
  EXPECT_EQ(string_at(Json::array(), "/a"), "");
  EXPECT_EQ(string_at(Json(Json::value_t::discarded), "/a"), "");
}

}  // namespace
}  // namespace cutline::kube
