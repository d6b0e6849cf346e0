#include "e2e/workloads/ledger/config.hpp"

#include <gtest/gtest.h>

#include "e2e/workloads/ledger/dns.hpp"

namespace cutline::ledger {
namespace {

Result<Config> with(std::map<std::string, std::string> values, const std::string& host = "ledger-1") {
  return configure(
      [&values](const char* name) -> std::optional<std::string> {
        const auto it = values.find(name);
        return it == values.end() ? std::nullopt : std::optional{it->second};
      },
      host);
}

TEST(LedgerConfig, ThePeersAreExpandedAndTheIndexIsTheHostNames) {
  const auto config = with({{"LEDGER_PEERS", "ledger-{0..2}.ledger.bank.svc:7400"}}).value();
  EXPECT_EQ(config.self, 1);
  ASSERT_EQ(config.peers.size(), 3U);
  EXPECT_EQ(config.peers[2].host, "ledger-2.ledger.bank.svc");
  EXPECT_EQ(config.peers[2].port, 7400);
  EXPECT_EQ(config.graph.neighbours(1), (std::set<Index>{0, 2}));
}

TEST(LedgerConfig, TheGraphSaysWhoTalksToWhom) {
  const auto config = with({{"LEDGER_PEERS", "p-{0..3}:1"}, {"LEDGER_GRAPH", "0-1,2-3"}});
  EXPECT_EQ(config->graph.neighbours(1), std::set<Index>{0});
}

TEST(LedgerConfig, WhatMakesNoSenseIsRefusedWithItsName) {
  for (const auto& [name, value] : std::map<std::string, std::string>{{"LEDGER_GRAPH", "0-9"},
                                                                      {"LEDGER_PEERS", "p-{2..0}:1"},
                                                                      {"LEDGER_SELF", "7"},
                                                                      {"LEDGER_RATE", "fast"},
                                                                      {"LEDGER_BURST", "10"},
                                                                      {"LEDGER_LISTEN", "here"}}) {
    std::map<std::string, std::string> values{{"LEDGER_PEERS", "p-{0..2}:1"}};
    values[name] = value;
    const auto config = with(values);
    ASSERT_FALSE(config) << name;
    EXPECT_NE(config.error().message.find(name == "LEDGER_SELF" ? "LEDGER_PEERS" : name), std::string::npos)
        << config.error().message;
  }
}

TEST(LedgerDns, TheFirstNameServerIsTaken) {
  EXPECT_EQ(dns::name_server("# x\nsearch a b\nnameserver fe80::1\nnameserver 10.96.0.10 \nnameserver 1.1.1.1\n"),
            "10.96.0.10");
  EXPECT_EQ(dns::name_server(""), "");
}

TEST(LedgerDns, AnAddressIsReadFromAnAnswerWithACompressedName) {
  auto answer = dns::question(0x1234, "a.b");
  answer[2] = static_cast<char>(0x81);
  answer[3] = static_cast<char>(0x80);
  answer[7] = 1;
  answer += std::string{"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x0a\1\2\3", 16};
  EXPECT_EQ(dns::address(0x1234, answer), 0x0a010203U);
  EXPECT_FALSE(dns::address(0x4321, answer));
  for (std::size_t size = 0; size < answer.size(); ++size)
    EXPECT_FALSE(dns::address(0x1234, std::string_view{answer}.substr(0, size))) << size;
}

}  // namespace
}  // namespace cutline::ledger
