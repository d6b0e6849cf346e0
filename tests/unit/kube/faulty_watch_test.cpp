// Fault 35: what an informer makes of watches that misbehave.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "kube/client.hpp"
#include "kube/informer.hpp"
#include "tests/unit/kube/scripted_server.hpp"

namespace cutline::kube {
namespace {

const Resource pods{"", "v1", "pods"};
constexpr const char* list_of_a =
    R"({"kind":"PodList","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"namespace":"ns","name":"a","resourceVersion":"3"}}]})";

std::string event(const std::string& type, const std::string& name, const std::string& version) {
  return chunk(
      fmt::format(R"({{"type":"{}","object":{{"metadata":{{"namespace":"ns","name":"{}","resourceVersion":"{}"}}}}}})",
                  type, name, version) +
      "\n");
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = Deadline::after(Millis{30'000});
  while (!condition() && !deadline.passed()) std::this_thread::yield();
  return condition();
}

struct AnInformerOf : testing::Test {
  std::unique_ptr<Client> client;
  std::unique_ptr<Informer> informer;
  void start(const ScriptedServer& server) {
    Config config;
    config.server = server.url();
    client = std::move(*Client::connect(config));
    informer = std::make_unique<Informer>(*client, pods, InformerOptions{"ns", "", ""}, [](const Key&) {});
    ASSERT_TRUE(informer->wait_synced(Deadline::after(Millis{10'000})));
  }
  static bool is_watch(const std::string& request) { return request.find("watch=true") != std::string::npos; }
  static std::size_t watches(const ScriptedServer& server) {
    const auto all = server.requests();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_watch));
  }
};

TEST_F(AnInformerOf, EmptyWatchesDoesNotLoopBusily) {
  const ScriptedServer server{[](const Connection& to, const std::string& request) {
    to.write(is_watch(request) ? chunked_start() + chunk("") : http(200, list_of_a));
  }};
  start(server);
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([&] { return watches(server) >= 4; }));
  // 100, 200 and 400 ms, each less a quarter at most.
  EXPECT_GE(std::chrono::steady_clock::now() - began, Millis{500});
}

TEST_F(AnInformerOf, ABrokenWatchResumesFromTheLastVersionItSaw) {
  const ScriptedServer server{[](const Connection& to, const std::string& request) {
    if (!is_watch(request)) return to.write(http(200, list_of_a));
    to.write(chunked_start());
    if (request.find("resourceVersion=5") == std::string::npos) return (void)to.pause(Millis{20'000});
    to.write(event("ADDED", "b", "6") + event("BOOKMARK", "", "42"));  // and the connection breaks in the middle
  }};
  start(server);
  EXPECT_TRUE(eventually([&] { return watches(server) == 2; }));
  EXPECT_NE(server.requests().back().find("resourceVersion=42"), std::string::npos) << server.requests().back();
  EXPECT_EQ(informer->lists(), 1U);
  EXPECT_NE(informer->get({"ns", "b"}), nullptr);
}

TEST_F(AnInformerOf, AnExpiredVersionIsListedAgain) {
  const ScriptedServer server{[](const Connection& to, const std::string& request) {
    if (!is_watch(request)) return to.write(http(200, list_of_a));
    to.write(chunked_start() + chunk(R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"expired"}})"
                                     "\n"));
  }};
  start(server);
  EXPECT_TRUE(eventually([&] { return informer->lists() >= 2; }));
}

TEST_F(AnInformerOf, ALineWithoutEndDoesNotFillTheMemory) {
  const ScriptedServer server{[](const Connection& to, const std::string& request) {
    if (!is_watch(request)) return to.write(http(200, list_of_a));
    to.write(chunked_start());
    const auto filling = chunk(std::string(1U << 20U, 'x'));
    for (int n = 0; n < 64 && to.pause(Millis{0}); ++n) to.write(filling);
  }};
  start(server);
  EXPECT_TRUE(eventually([&] { return informer->lists() >= 2; }));
}

TEST_F(AnInformerOf, SeesAnEventAtOnceThoughTheStreamStaysOpen) {
  const ScriptedServer server{[](const Connection& to, const std::string& request) {
    if (!is_watch(request)) return to.write(http(200, list_of_a));
    to.write(chunked_start() + event("DELETED", "a", "7"));
    (void)to.pause(Millis{20'000});
  }};
  start(server);
  EXPECT_TRUE(eventually([&] { return informer->get({"ns", "a"}) == nullptr; }));
}

TEST_F(AnInformerOf, EndsWhileItsListHangs) {
  const ScriptedServer server{[](const Connection& to, const std::string&) { (void)to.pause(Millis{20'000}); }};
  Config config;
  config.server = server.url();
  client = std::move(*Client::connect(config));
  informer = std::make_unique<Informer>(*client, pods, InformerOptions{"ns", "", ""}, [](const Key&) {});
  ASSERT_TRUE(eventually([&] { return server.requests().size() == 1; }));
  const auto began = std::chrono::steady_clock::now();
  informer.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, Millis{10'000});
}

}  // namespace
}  // namespace cutline::kube
