// The stream of changes itself.
#include "kube/watch.hpp"

#include "tests/integration/kube/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Watch;
using kube::WatchEvent;

struct AWatch : KubeTest {
  Result<Watch> open(const std::string& version) const {
    return Watch::open(client->transport(), kube::watch_path(config_maps, ns, "test=yes", "", version), {}, soon());
  }
  // The next event that is no bookmark: "ADDED a".
  static std::string next(Watch& watch) {
    while (true) {
      const auto event = watch.next({}, soon());
      if (!event) return event.error().message;
      if (!*event) return "end";
      const auto name = kube::key_of((*event)->object).name;
      switch ((*event)->type) {
        case WatchEvent::Type::Added:
          return "added " + name;
        case WatchEvent::Type::Modified:
          return "modified " + name;
        case WatchEvent::Type::Deleted:
          return "deleted " + name;
        case WatchEvent::Type::Bookmark:
          break;
      }
    }
  }
};

TEST_F(AWatch, TellsOfEachChangeInOrder) {
  const auto from = kube::resource_version_of(client->list(config_maps, ns, "", soon()).value_or(kube::Json{}));
  auto watch = open(from);
  ASSERT_TRUE(watch) << watch.error().message;
  must_create(config_maps, config_map("a", "1"));
  ASSERT_TRUE(client->merge_patch(config_maps, key("a"), {{"data", {{"value", "2"}}}}, soon()));
  ASSERT_TRUE(client->remove(config_maps, key("a"), soon()));
  EXPECT_EQ(next(*watch), "added a");
  EXPECT_EQ(next(*watch), "modified a");
  EXPECT_EQ(next(*watch), "deleted a");
}

TEST_F(AWatch, ResumesAfterTheVersionItSawLast) {
  const auto first = must_create(config_maps, config_map("a", "1"));
  must_create(config_maps, config_map("b", "1"));
  auto watch = open(kube::resource_version_of(first));
  ASSERT_TRUE(watch) << watch.error().message;
  EXPECT_EQ(next(*watch), "added b");
}

// A server that keeps no changes in memory, so that etcd's compaction is what it goes by.
TEST_F(AWatch, FromACompactedVersionIsAConflict) {
  const auto uncached = ApiServer::start(Deadline::after(Millis{120'000}), {{"--watch-cache=false"}});
  ASSERT_TRUE(uncached) << uncached.error().message;
  const auto its_client = (*uncached)->client();
  ASSERT_TRUE(its_client) << its_client.error().message;
  auto object = config_map("a", "1");
  object["metadata"]["namespace"] = "default";
  const auto first = (*its_client)->create(config_maps, object, soon());
  ASSERT_TRUE(first) << first.error().message;
  std::string last;
  for (const auto* value : {"2", "3", "4"}) {
    const auto next = (*its_client)->merge_patch(config_maps, {"default", "a"}, {{"data", {{"value", value}}}}, soon());
    ASSERT_TRUE(next) << next.error().message;
    last = kube::resource_version_of(*next);
  }
  const auto compacted = (*uncached)->etcd("/v3/kv/compaction", {{"revision", last}, {"physical", true}}, soon());
  ASSERT_TRUE(compacted) << compacted.error().message;
  const auto path = kube::watch_path(config_maps, "default", "", "", kube::resource_version_of(*first));
  auto watch = Watch::open((*its_client)->transport(), path, {}, soon());
  // The server says 410 in the answer or as the first event.
  const auto error = watch ? watch->next({}, soon()).error() : watch.error();
  EXPECT_EQ(error.code, Code::Conflict) << error.message;
}

TEST_F(AWatch, GivesUpAtTheDeadlineAndGoesOnAfterwards) {
  const auto from = kube::resource_version_of(client->list(config_maps, ns, "", soon()).value_or(kube::Json{}));
  auto watch = open(from);
  ASSERT_TRUE(watch) << watch.error().message;
  const auto nothing = watch->next({}, Deadline::after(Millis{50}));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Code::Timeout);
  must_create(config_maps, config_map("a", "1"));
  EXPECT_EQ(next(*watch), "added a");
}

}  // namespace
}  // namespace cutline::test
