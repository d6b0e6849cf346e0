// The local copy stays true, whatever happens to the server.
#include "kube/informer.hpp"

#include <condition_variable>
#include <mutex>

#include "tests/integration/kube/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Informer;
using kube::Key;

// What an informer called, counted by key.
class Calls {
 public:
  Informer::OnChange handler() {
    return [this](const Key& key) {
      const std::scoped_lock lock{mutex_};
      ++calls_[key.name];
    };
  }
  int of(const std::string& name) const {
    const std::scoped_lock lock{mutex_};
    const auto found = calls_.find(name);
    return found == calls_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> calls_;
};

struct AnInformer : KubeTest {
  Calls calls;
  std::unique_ptr<Informer> informer;

  void start() {
    informer =
        std::make_unique<Informer>(*client, config_maps, kube::InformerOptions{ns, "test=yes", ""}, calls.handler());
    const auto synced = informer->wait_synced(soon());
    ASSERT_TRUE(synced) << synced.error().message;
  }
  std::string value(const std::string& name) const {
    const auto object = informer->get(key(name));
    return object ? kube::string_at(*object, "/data/value") : "absent";
  }
  bool becomes(const std::string& name, const std::string& wanted, Deadline deadline = soon()) const {
    return eventually([&] { return value(name) == wanted; }, deadline);
  }
  // Behind the API server's back.
  static void delete_in_etcd(const Key& key) {
    const auto deleted = server().etcd(
        "/v3/kv/deleterange", {{"key", base64(fmt::format("/registry/configmaps/{}/{}", key.ns, key.name))}}, soon());
    ASSERT_TRUE(deleted) << deleted.error().message;
    ASSERT_EQ(kube::string_at(*deleted, "/deleted"), "1");
  }
  static std::string base64(const std::string& text);
};

std::string AnInformer::base64(const std::string& text) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    std::uint32_t bits = 0;
    for (std::size_t n = 0; n < 3; ++n)
      bits = bits << 8U | (at + n < text.size() ? static_cast<unsigned char>(text[at + n]) : 0U);
    for (std::size_t n = 0; n < 4; ++n) out += at + n <= text.size() ? letters[bits >> (18 - 6 * n) & 63U] : '=';
  }
  return out;
}

TEST_F(AnInformer, HoldsWhatWasThereAndWhatComes) {
  must_create(config_maps, config_map("before", "1"));
  start();
  EXPECT_EQ(value("before"), "1");
  EXPECT_EQ(calls.of("before"), 1);
  must_create(config_maps, config_map("after", "1"));
  EXPECT_TRUE(becomes("after", "1"));
  ASSERT_TRUE(client->merge_patch(config_maps, key("after"), {{"data", {{"value", "2"}}}}, soon()));
  EXPECT_TRUE(becomes("after", "2"));
  ASSERT_TRUE(client->remove(config_maps, key("after"), soon()));
  EXPECT_TRUE(becomes("after", "absent"));
  EXPECT_TRUE(eventually([&] { return calls.of("after") == 3; }, soon()));
  EXPECT_EQ(informer->list().size(), 1U);
}

TEST_F(AnInformer, SeesAnObjectLeaveItsSelectorAsGone) {
  must_create(config_maps, config_map("a", "1"));
  start();
  ASSERT_TRUE(client->merge_patch(config_maps, key("a"), {{"metadata", {{"labels", {{"test", "no"}}}}}}, soon()));
  EXPECT_TRUE(becomes("a", "absent"));
}

TEST_F(AnInformer, AReadersSnapshotDoesNotChangeUnderIt) {
  must_create(config_maps, config_map("a", "1"));
  start();
  const auto held = informer->get(key("a"));
  ASSERT_TRUE(client->merge_patch(config_maps, key("a"), {{"data", {{"value", "2"}}}}, soon()));
  ASSERT_TRUE(becomes("a", "2"));
  EXPECT_EQ(kube::string_at(*held, "/data/value"), "1");
}

TEST_F(AnInformer, StopsAtOnceInAQuietWatch) {
  start();
  const auto began = std::chrono::steady_clock::now();
  informer.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, Millis{10'000});
}

// Faults 35 and 37: the deletion happens while no watch is open, and the version to resume from is too old for the new
// server.
TEST_F(AnInformer, LosesTheGhostOfWhatWasDeletedWhileTheServerWasAway) {
  must_create(config_maps, config_map("ghost", "1"));
  must_create(config_maps, config_map("stays", "1"));
  start();
  const auto lists = informer->lists();
  server().kill_api_server();
  delete_in_etcd(key("ghost"));
  const auto restarted = server().start_api_server(Deadline::after(Millis{120'000}));
  ASSERT_TRUE(restarted) << restarted.error().message;
  EXPECT_TRUE(becomes("ghost", "absent", Deadline::after(Millis{30'000})));
  EXPECT_TRUE(eventually([&] { return calls.of("ghost") == 2; }, soon()));
  EXPECT_GT(informer->lists(), lists);
  EXPECT_EQ(value("stays"), "1");
  EXPECT_EQ(calls.of("stays"), 1);
  must_create(config_maps, config_map("new", "1"));
  EXPECT_TRUE(becomes("new", "1"));
}

}  // namespace
}  // namespace cutline::test
