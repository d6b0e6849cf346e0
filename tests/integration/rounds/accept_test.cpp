// Connections that an application has not accepted yet, when its pod is to be saved.
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"

namespace cutline::test {
namespace {

constexpr std::uint16_t kPort = 7400;

Container server(int delay) {
  return Saving::running({.command = {"/workload", "server", std::to_string(kPort), std::to_string(delay)}});
}

// A client that has sent before it is accepted.
Fd connected() {
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::send(fd.get(), "hello", 5, MSG_NOSIGNAL) != 5)
    throw std::runtime_error("connect to the server");
  return fd;
}

long accepted(Container& app) { return numbers_of(app.out().text(), "accepted").back(); }

// Both are in the restored application, though the client's ends were not rolled back with it.
void expect_restored_with(long number, Container& app, Sidecar& sidecar, const protocol::LocalCheckpoint& saved) {
  must(sidecar.gate().open());
  must(sidecar.verify(saved));
  must(sidecar.put_back(saved.epoch));
  must(next_numbers(app, app.out().text().size()));
  EXPECT_EQ(accepted(app), number);
  must(sidecar.gate().open());
}

TEST(UnacceptedConnection, IsWaitedForBeforeAnythingIsFrozen) {
  auto app = server(40);
  Sidecar sidecar{{&app}};
  const Fd clients[] = {connected(), connected()};
  const auto saved = must(sidecar.save(Epoch{1}));
  expect_restored_with(2, app, sidecar, saved);
}

TEST(UnacceptedConnection, ThatArrivesAtTheLastMomentIsAcceptedBehindTheClosedGate) {
  auto app = server(5);
  Sidecar sidecar{{&app}};
  Fd client;
  sidecar.launchers().after_guard = [&] { client = connected(); };
  const auto saved = must(sidecar.save(Epoch{1}));
  EXPECT_TRUE(must(sidecar.gate().state()).closed);
  expect_restored_with(1, app, sidecar, saved);
}

TEST(UnacceptedConnection, ThatIsNeverAcceptedIsNamedAndMakesThePodBusy) {
  auto app = server(-1);
  Sidecar sidecar{{&app}};
  const auto client = connected();
  const auto saved = sidecar.save(Epoch{1});
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::Busy);
  EXPECT_NE(saved.error().message.find("port 7400 (1)"), std::string::npos) << saved.error().message;
  EXPECT_FALSE(must(sidecar.gate().state()).closed);
  must(next_numbers(app, app.out().text().size()));
}

TEST(UnacceptedConnection, ThatArrivesAtTheLastMomentAndIsNeverAcceptedLeavesNothingFrozen) {
  auto app = server(-1);
  Sidecar sidecar{{&app}};
  Fd client;
  sidecar.launchers().after_guard = [&] { client = connected(); };
  const auto saved = sidecar.save(Epoch{1});
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::Busy);
  EXPECT_FALSE(must(app.freezer().frozen()));
  must(sidecar.gate().open());
  must(next_numbers(app, app.out().text().size()));
}

TEST(UnacceptedConnection, OfAContainerThatIsNotSavedDoesNotMatter) {
  auto app = Saving::running({});
  auto other = Saving::running({.name = "other", .command = {"/workload", "server", std::to_string(kPort), "-1"}});
  Sidecar sidecar{{&app}};
  const auto client = connected();
  must(sidecar.save(Epoch{1}));
  must(sidecar.gate().open());
}

// Why all this: CRIU itself refuses.
TEST(UnacceptedConnection, IsWhatCriuCannotSave) {
  auto app = server(-1);
  const auto client = connected();
  const auto runner = must(criu::Runner::open(criu_bundle(), criu_cache()));
  const auto saved = save(runner, app);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::Busy) << saved.error().message;
  must(next_numbers(app, app.out().text().size()));
}

}  // namespace
}  // namespace cutline::test
