#include "e2e/workloads/ledger/account.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "e2e/workloads/ledger/book.hpp"
#include "e2e/workloads/ledger/frame.hpp"

namespace cutline::ledger {
namespace {

TEST(LedgerAccount, MoneyThatIsSentIsMissingHereUntilItIsReceivedThere) {
  Account a{100, 100, {}}, b{100, 100, {}};
  const auto transfer = send(a, 1, 30);
  EXPECT_EQ(a.balance, 70);
  EXPECT_EQ(receive(b, 0, transfer), Taken::Applied);
  EXPECT_EQ(a.balance + b.balance, 200);
}

TEST(LedgerAccount, NumbersCountUpPerDirectionOfAConnection) {
  Account a{100, 100, {}};
  EXPECT_EQ(send(a, 1, 1).number, 1U);
  EXPECT_EQ(send(a, 1, 1).number, 2U);
  EXPECT_EQ(send(a, 2, 1).number, 1U);
}

TEST(LedgerAccount, ARepeatedTransferIsCountedAndNotApplied) {
  Account b{100, 100, {}};
  EXPECT_EQ(receive(b, 0, {1, 30}), Taken::Applied);
  EXPECT_EQ(receive(b, 0, {1, 30}), Taken::Repeated);
  EXPECT_EQ(b.balance, 130);
  EXPECT_EQ(b.peers[0].errors.repeats, 1U);
}

TEST(LedgerAccount, EachMissingNumberIsCounted) {
  Account b{100, 100, {}};
  EXPECT_EQ(receive(b, 0, {4, 30}), Taken::AppliedAfterGap);
  EXPECT_EQ(b.peers[0].errors.gaps, 3U);
  EXPECT_EQ(receive(b, 0, {5, 1}), Taken::Applied);
}

TEST(LedgerAccount, AnAcknowledgementEndsWhatWasInFlightUpToItsNumber) {
  Account a{100, 100, {}};
  for (int i = 0; i < 5; ++i) (void)send(a, 1, 1);
  auto& peer = a.peers[1];
  acknowledge(peer, 3);
  EXPECT_EQ(in_flight(peer), 2U);
  acknowledge(peer, 2);
  EXPECT_EQ(in_flight(peer), 2U);
  acknowledge(peer, 99);
  EXPECT_EQ(in_flight(peer), 0U);
}

TEST(LedgerAccount, WhatAPeerLacksAfterItHasGoneBackIsInFlightAgain) {
  Account a{100, 100, {}};
  for (int i = 0; i < 5; ++i) (void)send(a, 1, 1);
  auto& peer = a.peers[1];
  acknowledge(peer, 5);
  continue_session(peer, 2);
  EXPECT_EQ(in_flight(peer), 4U);
  EXPECT_EQ(peer.errors.orphans, 0U);
}

TEST(LedgerAccount, WhatAPeerHasReceivedAndWeHaveNeverSentIsAnOrphan) {
  Account a{100, 100, {}};
  for (int i = 0; i < 5; ++i) (void)send(a, 1, 1);
  continue_session(a.peers[1], 9);
  EXPECT_EQ(in_flight(a.peers[1]), 0U);
  EXPECT_EQ(a.peers[1].errors.orphans, 3U);
}

TEST(LedgerAccount, ANewSessionBeginsWithOneAndKeepsTheSums) {
  Account a{100, 100, {}};
  (void)send(a, 1, 7);
  begin_session(a.peers[1], 2);
  EXPECT_EQ(send(a, 1, 5).number, 1U);
  EXPECT_EQ(a.peers[1].out.sum, 12U);
}

TEST(LedgerFrame, AFrameIsReadBackAndOneChangedBitMakesItNone) {
  const Frame frame{Kind::Acknowledge, 3, 77, 12};
  std::string bytes;
  append(bytes, frame);
  EXPECT_EQ(parse(bytes), frame);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(parse(damaged)) << bit;
  }
}

struct LedgerBook : testing::Test {
  LedgerBook() {
    std::string name = (std::filesystem::temp_directory_path() / "book-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = name;
  }
  ~LedgerBook() override { std::filesystem::remove_all(folder); }
  std::string path() const { return folder / "l"; }
  Book open() const { return std::move(Book::open(path()).value()); }
  // Sends 10, receives 4: 100 -> 90 -> 94.
  void write_two() const {
    auto book = open();
    book.note({Direction::Sent, 1, 1, 1, 10, 90});
    book.note({Direction::Received, 1, 1, 1, 4, 94});
    ASSERT_TRUE(book.flush().has_value());
  }
  std::filesystem::path folder;
};

TEST_F(LedgerBook, WhatWasNotedIsReadBackFromTheDisk) {
  write_two();
  const auto contents = open().read(100).value();
  EXPECT_EQ(contents.records, 2U);
  EXPECT_EQ(contents.balance, 94);
  EXPECT_EQ(contents.damaged + contents.unchained + contents.skipped, 0U);
  EXPECT_EQ(contents.peers.at(1).sent.sum, 10U);
  EXPECT_EQ(contents.peers.at(1).received.sum, 4U);
}

TEST_F(LedgerBook, ASliceIsOfWholeRecordsAndEndsWithTheBook) {
  write_two();
  const auto book = open();
  EXPECT_EQ(book.slice(0, 1)->size(), record_size);
  EXPECT_EQ(parse_record(*book.slice(1, 5))->direction, Direction::Received);
  EXPECT_TRUE(book.slice(2, 5)->empty());
}

TEST_F(LedgerBook, AnApplicationThatStartsAgainHasTheBalanceOfItsBook) {
  write_two();
  const auto account = account_of(open().read(100).value(), 100);
  EXPECT_EQ(account.balance, 94);
  EXPECT_EQ(account.peers.at(1).out.next, 2U);
}

TEST_F(LedgerBook, ARecordThatWasNotWrittenWholeIsCutOffAtTheNextStart) {
  write_two();
  std::ofstream{path(), std::ios::app} << "half a record";
  EXPECT_EQ(open().read(100).value().records, 2U);
}

TEST_F(LedgerBook, AByteChangedOnTheDiskIsSeen) {
  write_two();
  std::fstream{path(), std::ios::in | std::ios::out}.seekp(20).put('x');
  EXPECT_EQ(open().read(100).value().damaged, 1U);
}

TEST_F(LedgerBook, ARecordThatIsMissingInTheMiddleIsSeen) {
  write_two();
  std::string bytes = read_file(path()).value();
  std::ofstream{path(), std::ios::trunc} << bytes.substr(record_size);
  EXPECT_EQ(open().read(100).value().unchained, 1U);
}

}  // namespace
}  // namespace cutline::ledger
