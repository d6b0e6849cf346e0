// Connections through a rollback: within the pod nothing is lost or repeated, those to outside end exactly when they
// are told to.
#include <sys/socket.h>

#include <cstdlib>

#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"
#include "tests/integration/sockets/netns.hpp"

namespace cutline::test {
namespace {

using namespace std::chrono_literals;

Container stream(const std::string& name, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/stream");
  return must(
      Container::start({.name = name, .command = std::move(arguments), .binds = {{CUTLINE_STREAM, "/stream"}}}));
}

// Of the lines after the first `from` bytes: nothing has broken, and so much more was received than the least of them
// says.
void expect_flow(Container& app, std::size_t from) {
  const auto flows = [&](const std::string& text) {
    const auto fresh = text.substr(from);
    if (fresh.contains("broken") || fresh.contains("ended") || fresh.contains("not-sent")) return true;
    const auto numbers = numbers_of(fresh, "received");
    return numbers.size() >= 20 && numbers.back() > numbers.front();
  };
  must(app.out().wait(flows, soon()));
  const auto fresh = app.out().text().substr(from);
  for (const auto* word : {"broken", "ended", "not-sent"})
    EXPECT_EQ(fresh.find(word), std::string::npos) << app.options().name << ": " << fresh;
}

TEST(StreamsOfAPod, TwoContainersGoBackTogetherAndNothingOfTheirConnectionIsLostOrRepeated) {
  auto server = stream("server", {"listen", "4100"});
  auto client = stream("client", {"connect", "127.0.0.1", "4100"});
  Sidecar sidecar{{&server, &client}};
  expect_flow(server, 0);
  expect_flow(client, 0);
  const auto saved = must(sidecar.save(Epoch{1}));
  must(sidecar.gate().open());
  for (int round = 0; round < 2; ++round) {
    expect_flow(server, server.out().text().size());
    expect_flow(client, client.out().text().size());
    for (auto* const app : {&server, &client}) must(app->freezer().freeze(soon()));
    const auto reached = numbers_of(client.out().text(), "received").back();
    const auto server_before = server.out().text().size();
    const auto client_before = client.out().text().size();
    must(sidecar.verify(saved));
    must(sidecar.put_back(saved.epoch));
    must(sidecar.gate().open());
    expect_flow(server, server_before);
    expect_flow(client, client_before);
    EXPECT_LT(numbers_of(client.out().text().substr(client_before), "received").front(), reached);
  }
}

// A peer outside of the pod, that does not go back.
struct Outside : testing::Test {
  testing_net::Netns peer;
  std::uint16_t ports[2] = {};
  Fd listeners[2];
  Fd connections[2];

  void SetUp() override {
    const auto joined = fmt::format(
        "ip link add eth0 type veth peer name eth0 netns {} && ip addr add 10.77.0.1/24 dev eth0 && ip link set eth0 "
        "up",
        peer.tid());
    ASSERT_EQ(std::system(joined.c_str()), 0) << "is iproute2 installed?";  // NOLINT(concurrency-mt-unsafe)
    peer.shell("ip link set lo up && ip addr add 10.77.0.2/24 dev eth0 && ip link set eth0 up");
    for (int i = 0; i < 2; ++i) listeners[i] = testing_net::listen_tcp(peer, "10.77.0.2", ports[i]);
  }
  void TearDown() override { (void)std::system("ip link del eth0"); }  // NOLINT(concurrency-mt-unsafe)

  Container start() {
    auto app = stream("app", {"echo", "10.77.0.2", std::to_string(ports[0]), std::to_string(ports[1])});
    for (int i = 0; i < 2; ++i) connections[i] = testing_net::accept_tcp(listeners[i]);
    must(app.out().wait([](const std::string& text) { return text.contains("ready 2"); }, soon()));
    return app;
  }
  void expect_echo(int which, const std::string& text) const {
    testing_net::send_all(connections[which], text);
    EXPECT_EQ(testing_net::receive(connections[which], text.size()), text);
  }
};

TEST_F(Outside, AConnectionThatIsListedAsExternalEndsWithTheRollbackAndAnotherOneGoesOn) {
  auto app = start();
  Sidecar sidecar{{&app}};
  for (int i = 0; i < 2; ++i) expect_echo(i, "before");
  const auto saved = must(sidecar.save(Epoch{1}));
  must(sidecar.gate().open());
  ASSERT_EQ(saved.counters.size(), 2U);
  const auto& first = saved.counters[saved.counters[0].remote.port == ports[0] ? 0 : 1];

  must(sidecar.verify(saved, {{first.local, first.remote}}));
  must(sidecar.put_back(saved.epoch));
  must(sidecar.gate().open());
  must(app.out().wait([](const std::string& text) { return text.contains("closed 0"); }, soon()));
  expect_echo(1, "after");
  EXPECT_EQ(app.out().text().find("closed 1"), std::string::npos);
  ASSERT_TRUE(testing_net::readable(connections[0], 20s)) << "the other end has not heard of it";
  char byte = 0;
  EXPECT_LE(::recv(connections[0].get(), &byte, 1, 0), 0);
}

TEST_F(Outside, WithoutAListBothGoOn) {
  auto app = start();
  Sidecar sidecar{{&app}};
  for (int i = 0; i < 2; ++i) expect_echo(i, "before");
  const auto saved = must(sidecar.save(Epoch{1}));
  must(sidecar.gate().open());
  must(sidecar.verify(saved));
  must(sidecar.put_back(saved.epoch));
  must(sidecar.gate().open());
  for (int i = 0; i < 2; ++i) expect_echo(i, "after");
}

}  // namespace
}  // namespace cutline::test
