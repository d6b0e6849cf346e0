// What the client makes of a server that misbehaves.
#include <gtest/gtest.h>

#include <atomic>

#include "kube/client.hpp"
#include "tests/unit/kube/scripted_server.hpp"

namespace cutline::kube {
namespace {

const Resource pods{"", "v1", "pods"};

std::unique_ptr<Client> client_of(const ScriptedServer& server) {
  Config config;
  config.server = server.url();
  return std::move(*Client::connect(config));
}

Millis since(Instant began) { return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - began); }

TEST(ADeadline, IsTotalEvenWhenTheServerDrips) {
  const ScriptedServer server{[](const Connection& to, const std::string&) {
    to.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n{");
    while (to.pause(Millis{50})) to.write(" ");
  }};
  const auto began = std::chrono::steady_clock::now();
  const auto answer = client_of(server)->get(pods, {"ns", "a"}, Deadline::after(Millis{400}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Timeout);
  EXPECT_GE(since(began), Millis{400});
  EXPECT_LT(since(began), Millis{3'000});
}

TEST(ADeadline, HoldsWhenTheServerNeverAnswers) {
  const ScriptedServer server{[](const Connection& to, const std::string&) { (void)to.pause(Millis{10'000}); }};
  const auto answer = client_of(server)->get(pods, {"ns", "a"}, Deadline::after(Millis{200}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Timeout);
}

TEST(TooManyRequests, AreRepeatedWhenTheServerSaid) {
  std::atomic<int> calls = 0;
  const ScriptedServer server{[&](const Connection& to, const std::string&) {
    to.write(++calls == 1 ? http(429, R"({"message":"slow down"})", "Retry-After: 1\r\n") : http(200, "{}"));
  }};
  const auto began = std::chrono::steady_clock::now();
  const auto answer = client_of(server)->get(pods, {"ns", "a"}, Deadline::after(Millis{10'000}));
  EXPECT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(calls, 2);
  EXPECT_GE(since(began), Millis{1'000});
}

TEST(TooManyRequests, AreUnavailableWhenTheDeadlineIsSooner) {
  const ScriptedServer server{[](const Connection& to, const std::string&) {
    to.write(http(429, R"({"message":"slow down"})", "Retry-After: 30\r\n"));
  }};
  const auto answer = client_of(server)->get(pods, {"ns", "a"}, Deadline::after(Millis{5'000}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Unavailable);
  EXPECT_NE(answer.error().message.find("slow down"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(AFailureOfTheServer, IsNotRepeatedHereWithoutItsWord) {
  const ScriptedServer server{[](const Connection& to, const std::string&) { to.write(http(500, "{}")); }};
  const auto answer =
      client_of(server)->create(pods, {{"metadata", {{"namespace", "ns"}}}}, Deadline::after(Millis{5'000}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Unavailable);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(AnAnswerCutShort, IsUnavailable) {
  const ScriptedServer server{[](const Connection& to, const std::string&) {
    to.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\":");
  }};
  const auto answer = client_of(server)->get(pods, {"ns", "a"}, Deadline::after(Millis{5'000}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Unavailable);
}

TEST(AnAnswerThatIsNoJson, IsCorrupt) {
  const ScriptedServer server{[](const Connection& to, const std::string&) { to.write(http(200, "<html>")); }};
  EXPECT_EQ(client_of(server)->get(pods, {"ns", "a"}, Deadline::after(Millis{5'000})).error().code, Code::Corrupt);
}

TEST(APatch, SaysItsMediaType) {
  const ScriptedServer server{[](const Connection& to, const std::string&) { to.write(http(200, "{}")); }};
  const auto client = client_of(server);
  const Json object{{"metadata", {{"namespace", "ns"}, {"name", "a"}}}};
  ASSERT_TRUE(client->merge_patch(pods, {"ns", "a"}, {{"x", 1}}, Deadline::after(Millis{5'000}), "status"));
  ASSERT_TRUE(client->apply(pods, object, "me & you", true, Deadline::after(Millis{5'000})));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[0].starts_with("PATCH /api/v1/namespaces/ns/pods/a/status HTTP/1.1")) << requests[0];
  EXPECT_NE(requests[0].find("Content-Type:application/merge-patch+json"), std::string::npos) << requests[0];
  EXPECT_TRUE(requests[0].ends_with(R"({"x":1})"));
  EXPECT_NE(requests[1].find("?fieldManager=me%20%26%20you&force=true"), std::string::npos) << requests[1];
  EXPECT_NE(requests[1].find("Content-Type:application/apply-patch+yaml"), std::string::npos) << requests[1];
}

// The snapshot of the first page may expire while a long list is read.
TEST(AList, StartsAgainWhenItsContinuationHasExpired) {
  const ScriptedServer server{[](const Connection& to, const std::string& request) {
    if (request.find("continue=more") != std::string::npos)
      to.write(http(410, R"({"message":"expired"})"));
    else if (request.find("limit=500") != std::string::npos)
      to.write(http(200, R"({"kind":"PodList","metadata":{"continue":"more"},"items":[{"metadata":{"name":"old"}}]})"));
    else
      to.write(
          http(200, R"({"kind":"PodList","metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"new"}}]})"));
  }};
  const auto list = client_of(server)->list(pods, "ns", "", Deadline::after(Millis{5'000}));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ((*list)["items"].size(), 1U);
  EXPECT_EQ(key_of((*list)["items"][0]).name, "new");
}

TEST(AConfiguration, ThatCannotWorkIsRefusedBeforeAnyCall) {
  Config config;
  config.server = "ftp://x";
  EXPECT_EQ(Client::connect(config).error().code, Code::Invalid);
  config.server = "https://[::1]:6443";
  EXPECT_EQ(Client::connect(config).error().code, Code::Unsupported);
  config.server = "https://127.0.0.1:6443";
  config.ca_pem = "not a certificate";
  EXPECT_EQ(Client::connect(config).error().code, Code::Invalid);
}

}  // namespace
}  // namespace cutline::kube
