// Three real pods of the ledger on loopback addresses, and the real auditor.
#include "tests/integration/ledger/ledgers.hpp"

namespace cutline::ledger {
namespace {

TEST_F(Ledger, MoneyMovesAndTheAuditIsExact) {
  start_all();
  eventually([this] { return audit({"--json"}).output.find("\"transfers\":0}") == std::string::npos; }, "a transfer");
  const auto first = audit();
  EXPECT_EQ(first.code, 0) << first.output;
  EXPECT_NE(first.output.find("3 pods, 3 connections"), std::string::npos) << first.output;
  EXPECT_NE(first.output.find("total 3000000 unchanged"), std::string::npos) << first.output;
}

TEST_F(Ledger, ALostTransferIsFound) {
  start_all();
  expect_failure("lose-one", "1 numbers missing");
}

TEST_F(Ledger, ARepeatedTransferIsFound) {
  start_all();
  expect_failure("repeat-one", "1 numbers repeated");
}

TEST_F(Ledger, AChangedBalanceIsFound) {
  start_all();
  expect_failure("corrupt", "the total is 4000000, it was 3000000");
}

TEST_F(Ledger, AChangedFileIsFound) {
  start_all();
  auto file = open_file(folder / "1", O_WRONLY);
  ASSERT_EQ(::pwrite(file->get(), "damage", 6, 64), 6);
  const auto outcome = audit();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.output.find("1: file: 1 damaged records"), std::string::npos) << outcome.output;
}

TEST_F(Ledger, OnlyPairsOfTheGraphTalk) {
  start_all({"LEDGER_GRAPH=0-1,1-2"});
  const auto outcome = audit();
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_NE(outcome.output.find("2 connections"), std::string::npos) << outcome.output;
}

TEST_F(Ledger, APodThatStartsAgainConnectsAgainButTheLossIsNotForgotten) {
  start_all();
  stop(pods[1]);
  start(1);
  Outcome outcome;
  eventually([&] { return (outcome = audit()).code == 1; }, "an audit that reaches all");
  EXPECT_NE(outcome.output.find("0: lost the connection with 1 1 times"), std::string::npos) << outcome.output;
}

TEST_F(Ledger, APodThatCannotBeAskedIsNoGoodAudit) {
  start_all();
  stop(pods[2]);
  pods.erase(2);
  EXPECT_EQ(audit().code, 2);
}

TEST_F(Ledger, AUselessEnvironmentIsExplained) {
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, 64);
  EXPECT_NE(outcome.output.find("LEDGER_"), std::string::npos) << outcome.output;
}

}  // namespace
}  // namespace cutline::ledger
