#include "e2e/workloads/ledger/audit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace cutline::ledger {
namespace {

using testing::Contains;
using testing::HasSubstr;

// Two pods: 0 has sent 10 in one transfer, 1 has sent 4 in one.
struct LedgerAudit : testing::Test {
  std::vector<Report> reports{pod(0, 1, 10, 4), pod(1, 0, 4, 10)};

  static Report pod(Index self, Index other, std::uint64_t sent, std::uint64_t received) {
    Report r;
    r.index = self;
    r.paused = true;
    r.initial = 100;
    r.balance = 100 + static_cast<std::int64_t>(received) - static_cast<std::int64_t>(sent);
    r.peers[other] = {1, true, {2, 1, sent}, {2, 1, received}, 0, {}};
    auto& book = r.book.emplace().contents;
    book.records = 2;
    book.balance = r.balance;
    book.peers[other] = {1, {2, 1, sent}, {2, 1, received}};
    return r;
  }
  void expect_reason(const std::string& text) const {
    const auto result = audit(reports);
    EXPECT_FALSE(result.ok());
    EXPECT_THAT(result.reasons, Contains(HasSubstr(text)));
  }
};

TEST_F(LedgerAudit, AConsistentWorkloadPasses) {
  const auto result = audit(reports);
  EXPECT_TRUE(result.ok()) << testing::PrintToString(result.reasons);
  EXPECT_EQ(result.total, 200);
  EXPECT_EQ(result.connections, 1U);
  EXPECT_EQ(result.transfers, 2U);
}

TEST_F(LedgerAudit, MoneyFromNowhereIsFound) {
  reports[0].balance += 50;
  expect_reason("the total is 250, it was 200");
  expect_reason("0: balance 144, the transfers applied make 94");
  expect_reason("0: file: balance 94, in memory 144");
}

// An orphan: the receiver has it, the sender has not sent it.
TEST_F(LedgerAudit, ATransferThatWasReceivedAndNeverSentIsFound) {
  reports[0] = pod(0, 1, 0, 4);
  reports[0].peers[1].sent = {1, 0, 0};
  expect_reason("0->1: the next number is 1 at the sender, 2 at the receiver");
}

TEST_F(LedgerAudit, LostAndRepeatedNumbersAndLostConnectionsAreFound) {
  reports[1].peers[0].errors = {1, 2, 3, 4, 5};
  expect_reason("0->1: 1 numbers missing");
  expect_reason("0->1: 2 numbers repeated");
  expect_reason("1: lost the connection with 0 3 times");
  expect_reason("0->1: 4 damaged frames");
  expect_reason("1->0: 5 transfers were received that were never sent");
}

TEST_F(LedgerAudit, AFileOfAnotherTimeThanTheMemoryIsFound) {
  reports[1].book->contents.records = 5;
  reports[1].book->contents.peers[0].received.count = 4;
  expect_reason("1: file: 5 records, in memory 2");
  expect_reason("1: file: received from 0: 4 transfers");
}

TEST_F(LedgerAudit, AFileThatCannotBeReadIsNoProof) {
  reports[1].book->unreadable = "gone";
  expect_reason("1: file: gone");
  reports[1].book.reset();
  expect_reason("1: file: not read");
}

TEST_F(LedgerAudit, APodThatWasNotAskedIsMissed) {
  reports.pop_back();
  expect_reason("0: it has a connection with 1, which was not asked");
}

TEST_F(LedgerAudit, ChangedBallastIsFound) {
  reports[0].ballast_damaged = 2;
  expect_reason("0: 2 ballast pages changed by themselves");
}

TEST_F(LedgerAudit, ItIsNotSettledWhileATransferIsOnItsWay) {
  EXPECT_TRUE(settled(reports));
  reports[0].peers[1].sent.next = 3;
  EXPECT_FALSE(settled(reports));
}

TEST_F(LedgerAudit, AReportSurvivesItsWayAsJson) {
  reports[0].ballast_damaged = 0;
  reports[0].peers[1].errors.orphans = 1;
  reports[0].peers[1].sent_since = {1, 32};
  reports[0].peers[1].resent = 7;
  const auto back = report_of(nlohmann::json::parse(to_json(reports[0]).dump()));
  EXPECT_EQ(to_json(back), to_json(reports[0]));
}

}  // namespace
}  // namespace cutline::ledger
