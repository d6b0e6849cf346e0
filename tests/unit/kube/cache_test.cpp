#include "kube/cache.hpp"

#include <gtest/gtest.h>

namespace cutline::kube {
namespace {

using Type = WatchEvent::Type;

Json object(const std::string& name, const std::string& version, const std::string& uid = "u") {
  return {{"metadata", {{"namespace", "ns"}, {"name", name}, {"resourceVersion", version}, {"uid", uid}}}};
}
Key key(const std::string& name) { return {"ns", name}; }

TEST(ACache, TellsWhatAListChanged) {
  Cache cache;
  EXPECT_EQ(cache.replace(Json::array({object("a", "1"), object("b", "1")})), (std::vector{key("a"), key("b")}));
  EXPECT_EQ(cache.replace(Json::array({object("a", "1"), object("b", "2")})), (std::vector{key("b")}));
}

// Fault 37: deleted between list and watch.
TEST(ACache, AListRemovesGhosts) {
  Cache cache;
  (void)cache.replace(Json::array({object("a", "1"), object("b", "1")}));
  EXPECT_EQ(cache.replace(Json::array({object("b", "1")})), (std::vector{key("a")}));
  EXPECT_EQ(cache.get(key("a")), nullptr);
}

TEST(ACache, AnotherObjectOfTheSameNameIsAChange) {
  Cache cache;
  (void)cache.replace(Json::array({object("a", "1", "old")}));
  EXPECT_EQ(cache.replace(Json::array({object("a", "1", "new")})), (std::vector{key("a")}));
}

TEST(ACache, FollowsTheWatch) {
  Cache cache;
  EXPECT_EQ(cache.apply({Type::Added, object("a", "1")}), key("a"));
  EXPECT_EQ(cache.apply({Type::Modified, object("a", "1")}), std::nullopt);
  EXPECT_EQ(cache.apply({Type::Modified, object("a", "2")}), key("a"));
  EXPECT_EQ(cache.apply({Type::Bookmark, object("", "3")}), std::nullopt);
  EXPECT_EQ(cache.list().size(), 1U);
  EXPECT_EQ(cache.apply({Type::Deleted, object("a", "4")}), key("a"));
  EXPECT_EQ(cache.apply({Type::Deleted, object("a", "4")}), std::nullopt);
  EXPECT_TRUE(cache.list().empty());
}

TEST(AfterAWatch, ItResumesAtOnceWhenTheServerEndedItInOrder) {
  const auto next = after({true, Millis{290'000}, std::nullopt}, 3);
  EXPECT_FALSE(next.relist);
  EXPECT_EQ(next.failures, 0U);
}

TEST(AfterAWatch, ItListsAgainWhenTheVersionHasExpired) {
  EXPECT_TRUE(after({false, Millis{1}, Error{Code::Conflict, "410"}}, 0).relist);
  EXPECT_TRUE(after({true, Millis{1}, Error{Code::Corrupt, "?"}}, 0).relist);
}

TEST(AfterAWatch, ItResumesWithBackOffWhenTheConnectionBroke) {
  const auto next = after({false, Millis{1}, Error{Code::Unavailable, "reset"}}, 1);
  EXPECT_FALSE(next.relist);
  EXPECT_EQ(next.failures, 2U);
  EXPECT_EQ(after({true, Millis{1}, Error{Code::Unavailable, "reset"}}, 4).failures, 1U);
}

TEST(AfterAWatch, AnEmptyOneIsAFailureAndSoonDoubted) {
  auto next = after({false, Millis{1}, std::nullopt}, 0);
  EXPECT_FALSE(next.relist);
  EXPECT_EQ(next.failures, 1U);
  while (!next.relist && next.failures < 100) next = after({false, Millis{1}, std::nullopt}, next.failures);
  EXPECT_EQ(next.failures, 5U);
}

}  // namespace
}  // namespace cutline::kube
