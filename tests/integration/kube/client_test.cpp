// One request, one answer: against a real API server.
#include <atomic>
#include <thread>

#include "tests/integration/kube/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Json;

struct AClient : KubeTest {};

TEST_F(AClient, ReadsBackWhatItCreated) {
  const auto created = must_create(config_maps, config_map("a", "1"));
  const auto read = client->get(config_maps, key("a"), soon());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(kube::uid_of(*read), kube::uid_of(created));
  EXPECT_EQ(kube::string_at(*read, "/data/value"), "1");
}

TEST_F(AClient, IsToldThatTheNameIsTaken) {
  must_create(config_maps, config_map("a", "1"));
  const auto again = client->create(config_maps, config_map("a", "2"), soon());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::Conflict);
}

TEST_F(AClient, FindsNothingUnderAnUnknownName) {
  const auto read = client->get(config_maps, key("absent"), soon());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::NotFound);
}

TEST_F(AClient, ListsByLabelWithKindAndVersionInEachItem) {
  must_create(config_maps, config_map("a", "1"));
  auto other = config_map("b", "2");
  other["metadata"]["labels"] = {{"test", "no"}};
  must_create(config_maps, other);
  const auto list = client->list(config_maps, ns, "test=yes", soon());
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ((*list)["items"].size(), 1U);
  EXPECT_EQ(kube::key_of((*list)["items"][0]), key("a"));
  EXPECT_EQ(kube::string_at((*list)["items"][0], "/kind"), "ConfigMap");
  EXPECT_EQ(kube::string_at((*list)["items"][0], "/apiVersion"), "v1");
}

TEST_F(AClient, FollowsTheListOverAllItsPages) {
  constexpr std::size_t more_than_a_page = 520;
  for (std::size_t n = 0; n < more_than_a_page; ++n) must_create(config_maps, config_map(fmt::format("m{}", n), "x"));
  const auto list = client->list(config_maps, ns, "test=yes", Deadline::after(Millis{30'000}));
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ((*list)["items"].size(), more_than_a_page);
}

TEST_F(AClient, WhoReplacesWithAnOldVersionIsRefused) {
  auto first = must_create(config_maps, config_map("a", "1"));
  auto second = first;
  second["data"]["value"] = "2";
  ASSERT_TRUE(client->replace(config_maps, second, soon()));
  first["data"]["value"] = "3";
  const auto late = client->replace(config_maps, first, soon());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::Conflict);
  EXPECT_EQ(kube::string_at(client->get(config_maps, key("a"), soon()).value_or(Json{}), "/data/value"), "2");
}

TEST_F(AClient, APatchWithAnOldVersionIsRefused) {
  const auto first = must_create(config_maps, config_map("a", "1"));
  ASSERT_TRUE(client->merge_patch(config_maps, key("a"), {{"data", {{"value", "2"}}}}, soon()));
  const auto late = client->merge_patch(
      config_maps, key("a"),
      {{"metadata", {{"resourceVersion", kube::resource_version_of(first)}}}, {"data", {{"value", "3"}}}}, soon());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::Conflict);
}

TEST_F(AClient, PatchesStatusAndSpecApart) {
  must_create(examples, example("a"));
  const Json both{{"spec", {{"size", 9}}}, {"status", {{"phase", "Done"}}}};
  const auto status = client->merge_patch(examples, key("a"), both, soon(), "status");
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ((*status)["spec"]["size"], 3);
  EXPECT_EQ(kube::string_at(*status, "/status/phase"), "Done");
  const auto spec = client->merge_patch(examples, key("a"), {{"spec", {{"size", 9}}}, {"status", nullptr}}, soon());
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ((*spec)["spec"]["size"], 9);
  EXPECT_EQ(kube::string_at(*spec, "/status/phase"), "Done");
}

TEST_F(AClient, HearsTheServersOwnWordsAboutAnInvalidObject) {
  auto wrong = example("a");
  wrong["spec"]["size"] = 0;
  const auto refused = client->create(examples, wrong, soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_NE(refused.error().message.find("spec.size"), std::string::npos) << refused.error().message;
}

TEST_F(AClient, AppliesWhatIsNotThereAndKeepsTheFieldsOfOthers) {
  auto mine = config_map("a", "1");
  ASSERT_TRUE(client->apply(config_maps, mine, "one", false, soon()));
  auto theirs = config_map("a", "1");
  theirs["data"] = {{"other", "x"}};
  ASSERT_TRUE(client->apply(config_maps, theirs, "two", false, soon()));
  mine["data"]["value"] = "2";
  const auto applied = client->apply(config_maps, mine, "one", false, soon());
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ((*applied)["data"], (Json{{"other", "x"}, {"value", "2"}}));
}

TEST_F(AClient, ApplyTakesAFieldFromItsOwnerOnlyByForce) {
  ASSERT_TRUE(client->apply(config_maps, config_map("a", "1"), "one", false, soon()));
  const auto refused = client->apply(config_maps, config_map("a", "2"), "two", false, soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
  EXPECT_TRUE(client->apply(config_maps, config_map("a", "2"), "two", true, soon()));
}

TEST_F(AClient, AppliesToTheStatusAlone) {
  must_create(examples, example("a"));
  auto status = example("a");
  status.erase("spec");
  status["status"] = {{"phase", "Done"}};
  const auto applied = client->apply(examples, status, "operator", true, soon(), "status");
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(kube::string_at(*applied, "/status/phase"), "Done");
  EXPECT_EQ((*applied)["spec"]["size"], 3);
}

TEST_F(AClient, RemovesOnlyTheVeryObjectItMeant) {
  const auto created = must_create(config_maps, config_map("a", "1"));
  const auto other = client->remove(config_maps, key("a"), soon(), "11111111-2222-3333-4444-555555555555");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::Conflict);
  EXPECT_TRUE(client->remove(config_maps, key("a"), soon(), kube::uid_of(created)));
  EXPECT_EQ(client->get(config_maps, key("a"), soon()).error().code, Code::NotFound);
}

TEST_F(AClient, IsUsedByManyThreadsAtOnce) {
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int n = 0; n < 8; ++n)
    threads.emplace_back([&, n] {
      for (int m = 0; m < 5; ++m)
        if (client->create(config_maps, config_map(fmt::format("t{}-{}", n, m), "x"), soon())) ++good;
    });
  threads.clear();
  EXPECT_EQ(good, 40);
  EXPECT_EQ(client->list(config_maps, ns, "test=yes", soon()).value_or(Json{})["items"].size(), 40U);
}

}  // namespace
}  // namespace cutline::test
