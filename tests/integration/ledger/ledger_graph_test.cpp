// Who sends to whom: changed while eight pods run, and told by the pods themselves.
#include <random>
#include <set>
#include <sstream>

#include "tests/integration/ledger/ledgers.hpp"

namespace cutline::ledger {
namespace {

using Edges = std::set<std::pair<int, int>>;

std::string text_of(const Edges& edges) {
  std::string out;
  for (const auto& [from, to] : edges) out += fmt::format("{}>{},", from, to);
  return out.empty() ? "none" : out;
}

Edges random_edges(int pods, std::size_t how_many, std::mt19937& random) {
  Edges out;
  std::uniform_int_distribution<int> pod{0, pods - 1};
  while (out.size() < how_many)
    if (const int a = pod(random), b = pod(random); a != b) out.emplace(a, b);
  return out;
}

struct TalkingLedgers : Ledger {
  TalkingLedgers() : Ledger(8) {}

  void command(std::vector<std::string> words) const {
    words.insert(words.end(), {"--pods", all()});
    const auto outcome = run(words);
    if (outcome.code != 0) throw std::runtime_error(outcome.output);
  }
  // Since the mark.
  [[nodiscard]] Edges talk() const {
    std::istringstream lines{run({"talk", "--pods", all()}).output};
    Edges out;
    std::uint64_t transfers = 0, bytes = 0;
    for (int from = 0, to = 0; lines >> from >> to >> transfers >> bytes;) out.emplace(from, to);
    return out;
  }
  // No edge any more, and all that was sent has come.
  void hush() const {
    command({"graph", "none"});
    const auto outcome = audit();
    if (outcome.code != 0) throw std::runtime_error(outcome.output);
  }
  // "connected with" lines: they would grow with each new connection.
  [[nodiscard]] std::size_t connections_made() const {
    std::size_t out = 0;
    for (int i = 0; i < count; ++i) {
      const auto log = read_file(folder / fmt::format("log-{}", i)).value();
      for (auto at = log.find("connected with"); at != std::string::npos; at = log.find("connected with", at + 1))
        ++out;
    }
    return out;
  }
};

TEST_F(TalkingLedgers, InEachOfManyGraphsExactlyItsEdgesCarryBytesOverConnectionsThatLast) {
  start_all({"LEDGER_RATE=500"});
  hush();
  const auto connections = connections_made();
  std::mt19937 random{20};
  for (std::size_t i = 0; i < 20; ++i) {
    const auto edges = random_edges(count, i, random);
    command({"mark"});
    command({"graph", text_of(edges)});
    eventually([&] { return talk().size() >= edges.size(); }, "each edge to carry something");
    hush();
    EXPECT_EQ(talk(), edges) << text_of(edges);
  }
  EXPECT_EQ(connections_made(), connections);
}

TEST_F(TalkingLedgers, AReceiverThatHasNoEdgeBackSaysNothingHoweverMuchComes) {
  start_all({"LEDGER_GRAPH=0>1", "LEDGER_WINDOW=8"});
  command({"mark"});
  const auto arrived = [] {
    return state(1).at("peers").at("0").at("sinceMark").at("received").at("transfers") > 1000;
  };
  eventually(arrived, "far more transfers than the window has room for");
  hush();
  EXPECT_EQ(talk(), (Edges{{0, 1}}));
}

TEST_F(TalkingLedgers, AGraphForLaterComesLaterAndPodByPod) {
  start_all({"LEDGER_RATE=500"});
  hush();
  command({"mark"});
  command({"graph", "0>1,7>6", "--after", "1000", "--spread", "300"});
  EXPECT_TRUE(talk().empty());
  eventually([this] { return talk().contains({0, 1}); }, "the first pod's edge");
  EXPECT_FALSE(talk().contains({7, 6}));
  eventually([this] { return talk() == Edges{{0, 1}, {7, 6}}; }, "the edge of the last pod, 2.1 s later");
}

TEST_F(TalkingLedgers, AGraphThatMakesNoSenseIsRefusedWithTheReason) {
  start_all({"LEDGER_RATE=100"});
  const auto outcome = run({"graph", "0>8", "--pods", all()});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.output.find("0>8"), std::string::npos) << outcome.output;
}

struct PingPong : Ledger {};

TEST_F(PingPong, EachTransferAnswersOneThatWasReceived) {
  start_all({"LEDGER_PING_PONG=1"});
  for (int round = 0; round < 5; ++round) {
    const auto outcome = audit({"--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    for (int i = 0; i < count; ++i) {
      const auto now = state(i);
      for (const auto& [peer, books] : now.at("peers").items()) {
        const auto sent = books.at("sent").at("count").get<int>(),
                   received = books.at("received").at("count").get<int>();
        EXPECT_GE(sent, received - 1);
        EXPECT_LE(sent, received + 1);
      }
    }
  }
  eventually([this] { return audit({"--json"}).output.find("\"transfers\":0}") == std::string::npos; }, "a transfer");
}

struct Bursts : Ledger {};

TEST_F(Bursts, BetweenBurstsThereIsRest) {
  start_all({"LEDGER_RATE=400", "LEDGER_BURST=200"});
  std::uint64_t before = 0, moved = 0, stood = 0;
  const auto deadline = Deadline::after(std::chrono::seconds{10});
  while (!deadline.passed() && (moved < 3 || stood < 3)) {
    const auto now = sent_in_all();
    (now == before ? stood : moved) += 1;
    before = now;
  }
  EXPECT_GE(moved, 3U);
  EXPECT_GE(stood, 3U);
  EXPECT_EQ(audit().code, 0);
}

}  // namespace
}  // namespace cutline::ledger
