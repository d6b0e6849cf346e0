#include "cli/diagram/model.hpp"

#include <gmock/gmock.h>

namespace cutline::cli {
namespace {

using testing::HasSubstr;

Row row(const std::string& pod, std::size_t marks, std::optional<std::size_t> line) {
  Row out{.pod = pod, .marks = {}};
  for (std::size_t i = 1; i <= marks; ++i) out.marks.push_back({i, std::nullopt, ""});
  out.line = line;
  return out;
}

Kind kind(std::size_t sent_in, std::size_t received_in, bool arrived = true, bool undone = false) {
  Diagram d{.rows = {row("a", 3, 2), row("b", 3, 2)}, .arrows = {{0, sent_in, 1, received_in, 1, arrived}}};
  for (auto& r : d.rows) r.undone = undone;
  classify(d);
  return d.arrows[0].kind;
}

TEST(AMessage, IsInTransitWhenItIsSentBeforeTheLineAndReceivedAfterIt) {
  EXPECT_EQ(kind(1, 1), Kind::Plain);
  EXPECT_EQ(kind(1, 2), Kind::InTransit);
  EXPECT_EQ(kind(2, 2), Kind::Plain);
}

TEST(AMessage, IsAnOrphanWhenItIsReceivedBeforeTheLineAndSentAfterIt) { EXPECT_EQ(kind(2, 1), Kind::Orphan); }

TEST(AMessage, IsUndoneWhenARollbackTakesBothItsEndsBack) { EXPECT_EQ(kind(2, 2, true, true), Kind::Undone); }

TEST(AMessageThatHasNotArrived, IsInTransitOverEveryLineAfterItsSending) {
  EXPECT_EQ(kind(1, 3, false), Kind::InTransit);
}

TEST(AMessage, IsTheCauseOfTheStepThatItsSendersStateAskedFor) {
  Diagram d{.rows = {row("a", 3, 2), row("b", 3, 1)}, .arrows = {{0, 2, 1, 1, 1}, {0, 2, 1, 3, 1}, {1, 3, 0, 3, 1}}};
  for (auto& r : d.rows) r.undone = true;
  d.cascade = {{1, 3, 1, 0, 2, "why"}};
  classify(d);
  EXPECT_EQ(d.arrows[0].kind, Kind::Cause);
  EXPECT_EQ(d.arrows[1].kind, Kind::Undone);  // received after the state that had to be given up
  EXPECT_EQ(d.arrows[2].kind, Kind::Undone);  // the other way
}

TEST(Trimming, KeepsTheLastCheckpointsAndWhatTheLineNeeds) {
  Diagram d{.rows = {row("a", 9, 9), row("b", 9, 3)}, .arrows = {{0, 0, 1, 0, 1}, {0, 8, 1, 8, 1}}};
  const auto cut = trimmed(d, 2);
  ASSERT_EQ(cut.rows[0].marks.size(), 2U);
  EXPECT_EQ(cut.rows[0].marks[0].index, 8U);
  EXPECT_EQ(cut.rows[0].line, 2U);
  EXPECT_TRUE(cut.rows[0].trimmed);
  ASSERT_EQ(cut.rows[1].marks.size(), 7U);
  EXPECT_EQ(cut.rows[1].marks[*cut.rows[1].line - 1].index, 3U);
  ASSERT_EQ(cut.arrows.size(), 1U);
  EXPECT_EQ(cut.arrows[0].sent_in, 1U);
  EXPECT_EQ(cut.arrows[0].received_in, 6U);
}

TEST(FewerArrows, AreTheMostTellingOnesAndTheRestIsCounted) {
  Diagram d{.rows = {row("a", 1, 1), row("b", 1, 1)},
            .arrows = {{0, 0, 1, 0, 9000, true, Kind::Plain},
                       {0, 1, 1, 0, 1, true, Kind::Orphan},
                       {1, 0, 0, 0, 5, true, Kind::Plain}}};
  const auto cut = fewer_arrows(d, 2);
  ASSERT_EQ(cut.arrows.size(), 2U);
  EXPECT_EQ(cut.arrows[0].kind, Kind::Orphan);
  EXPECT_EQ(cut.arrows[1].bytes, 9000U);
  ASSERT_EQ(cut.notes.size(), 1U);
  EXPECT_THAT(cut.notes[0], HasSubstr("1 message not drawn"));
}

TEST(TheDescription, SaysWhereEachPodStands) {
  Diagram d{.title = "Snapshot one", .line_name = "the cut one", .rows = {row("a", 2, 2), row("b", 2, 3)}};
  EXPECT_EQ(described(d), "Snapshot one. 2 pods. 0 messages. the cut one: a at checkpoint 2, b at present.");
}

}  // namespace
}  // namespace cutline::cli
