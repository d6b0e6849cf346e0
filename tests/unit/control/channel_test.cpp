#include <gtest/gtest.h>

#include <future>

#include "control/fleet.hpp"
#include "control/http.hpp"
#include "control/server.hpp"

namespace cutline::control {
namespace {

using namespace protocol;
using namespace std::chrono_literals;

IdentitySource as(const KeyAndCertificate& authority, const std::string& identity, std::vector<std::string> dns = {}) {
  auto own = issue(authority, {identity, std::move(dns)});
  EXPECT_TRUE(own) << own.error().message;
  auto fixed = std::make_shared<const Identity>(Identity{authority.certificate, *own});
  return [fixed] { return fixed; };
}

struct ControlChannel : testing::Test {
  KeyAndCertificate authority = make_authority("cutline", 24h).value();
  PodUid uid{"u-1"};

  std::unique_ptr<Server> sidecar(Server::Handler handler) {
    auto server = Server::start(0, as(authority, pod_identity(uid)), std::move(handler));
    EXPECT_TRUE(server) << server.error().message;
    return std::move(*server);
  }
  Result<Reply> call(Fleet& fleet, const Server& server, Command command, Millis budget = 5s) {
    std::promise<Result<Reply>> promise;
    fleet.call(
        {Call{{uid, "127.0.0.1", server.port()}, std::move(command), Deadline::after(budget), [&](Result<Reply> reply) {
                promise.set_value(std::move(reply));
              }}});
    return promise.get_future().get();
  }
};

Server::Handler opens() {
  return
      [](const Command& command, const Server::ReplyTo& reply) { reply(Opened{std::get<Done>(command).epoch, 5us}); };
}

TEST_F(ControlChannel, ACommandIsAnsweredOverMutualTls) {
  const auto server = sidecar(opens());
  Fleet fleet{as(authority, kOperatorIdentity)};
  const auto reply = call(fleet, *server, Done{Epoch{3}});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(std::get<Opened>(*reply).epoch, Epoch{3});
}

TEST_F(ControlChannel, WhoIsNotTheOperatorIsNotHeard) {
  bool heard = false;
  const auto server = sidecar([&](auto&&, auto&&) { heard = true; });
  Fleet imposter{as(authority, pod_identity(PodUid{"other"}))};
  EXPECT_FALSE(call(imposter, *server, Done{Epoch{3}}));
  EXPECT_FALSE(heard);
}

TEST_F(ControlChannel, APodThatHasTheAddressOfAnotherIsNotSpokenTo) {
  auto server = Server::start(0, as(authority, pod_identity(PodUid{"replaced"})), opens());
  Fleet fleet{as(authority, kOperatorIdentity)};
  const auto reply = call(fleet, **server, Done{Epoch{3}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::Unavailable);
}

TEST_F(ControlChannel, ACertificateOfAnotherInstallationIsNotAccepted) {
  const auto server = sidecar(opens());
  Fleet fleet{as(make_authority("other", 24h).value(), kOperatorIdentity)};
  EXPECT_FALSE(call(fleet, *server, Done{Epoch{3}}));
}

TEST_F(ControlChannel, ASilentSidecarEndsInTimeoutAtTheDeadline) {
  const auto server = sidecar([](auto&&, auto&&) {});
  Fleet fleet{as(authority, kOperatorIdentity)};
  const auto reply = call(fleet, *server, Done{Epoch{3}}, 50ms);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::Timeout);
}

// A round that was under way when the sidecar was told to stop.
TEST_F(ControlChannel, AReplyThatComesAfterTheServersEndIsSwallowed) {
  std::promise<Server::ReplyTo> asked;
  auto server = sidecar([&](auto&&, Server::ReplyTo reply) { asked.set_value(std::move(reply)); });
  Fleet fleet{as(authority, kOperatorIdentity)};
  std::promise<Result<Reply>> answered;
  fleet.call({Call{{uid, "127.0.0.1", server->port()}, Done{Epoch{3}}, Deadline::after(5s), [&](Result<Reply> reply) {
                     answered.set_value(std::move(reply));
                   }}});
  const auto reply = asked.get_future().get();
  server.reset();
  reply(Opened{Epoch{3}, 5us});
  EXPECT_FALSE(answered.get_future().get());
}

TEST_F(ControlChannel, AfterASidecarsRestartTheNextCallConnectsAgain) {
  auto server = sidecar(opens());
  const auto port = server->port();
  Fleet fleet{as(authority, kOperatorIdentity)};
  ASSERT_TRUE(call(fleet, *server, Done{Epoch{3}}));
  server.reset();
  auto again = Server::start(port, as(authority, pod_identity(uid)), opens());
  ASSERT_TRUE(again) << again.error().message;
  const auto until = Deadline::after(5s);
  while (!call(fleet, **again, Done{Epoch{4}}) && !until.passed()) {
  }
  EXPECT_TRUE(call(fleet, **again, Done{Epoch{5}}));
}

TEST_F(ControlChannel, ACertificateIsIssuedForTheKeyOfTheRequestAndNamesWhatTheAuthoritySays) {
  const auto request = make_request().value();
  const auto certificate = sign(authority, request.request, {pod_identity(uid), {}, 1h});
  ASSERT_TRUE(certificate) << certificate.error().message;
  auto own = std::make_shared<const Identity>(Identity{authority.certificate, {request.key, *certificate}});
  auto server = Server::start(0, [own] { return own; }, opens());
  Fleet fleet{as(authority, kOperatorIdentity)};
  EXPECT_TRUE(call(fleet, **server, Done{Epoch{3}}));
  EXPECT_GT(remaining(*certificate).value(), 50min);
}

TEST_F(ControlChannel, HttpsServesWhoTrustsTheAuthorityAndBoundsTheBody) {
  auto server =
      HttpServer::start({.identity = as(authority, kOperatorIdentity, {"localhost"}), .body_limit = 1000},
                        [](const HttpRequest& r) { return HttpResponse{200, "text/plain", r.authorization + r.body}; });
  ASSERT_TRUE(server) << server.error().message;
  const HttpTarget target{"localhost", (*server)->port(), "/x", authority.certificate};
  const auto answer = https_post(target, "Bearer t", "hello", 5s);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "Bearer thello");
  const auto refused = https_post(target, "", std::string(2000, 'x'), 5s);
  EXPECT_TRUE(!refused || refused->status == 413);
}

TEST_F(ControlChannel, AnHttpsAnswerThatDoesNotComeInTimeIsAnError) {
  std::promise<void> over;
  auto server = HttpServer::start(
      {.identity = as(authority, kOperatorIdentity, {"localhost"})},
      [&](const HttpRequest&) { return over.get_future().wait(), HttpResponse{200, "text/plain", "late"}; });
  ASSERT_TRUE(server) << server.error().message;
  const auto late = https_post({"localhost", (*server)->port(), "/x", authority.certificate}, "", "hello", 500ms);
  over.set_value();
  EXPECT_FALSE(late) << late->status;
}

}  // namespace
}  // namespace cutline::control
