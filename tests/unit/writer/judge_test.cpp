#include "e2e/workloads/writer/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "e2e/workloads/writer/sql.hpp"
#include "e2e/workloads/writer/value.hpp"

namespace cutline::writer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Two series of three and two writes; primary and replica hold exactly those, in any order.
struct WriterJudge : testing::Test {
  WriterState writer{{{3, 3, ""}, {2, 2, ""}}, 0, false};
  std::vector<Write> all{write_of(1, 2), write_of(0, 1), write_of(0, 3), write_of(1, 1), write_of(0, 2)};
  std::vector<ServerState> servers{{"primary", "9", {all, "", "", {}}}, {"replica", "9", {all, "", "", {}}}};
  std::vector<Write>& replica() { return servers[1].contents.writes; }
  auto reasons() { return judge(writer, servers); }
};

TEST_F(WriterJudge, ExactlyTheAcknowledgedWritesAreRight) { EXPECT_THAT(reasons(), IsEmpty()); }

TEST_F(WriterJudge, ALostWriteIsNamed) {
  replica().erase(replica().begin());
  EXPECT_THAT(reasons(), ElementsAre("replica: 1 acknowledged writes lost: 1/2"));
}

TEST_F(WriterJudge, ARepeatedWriteIsNamed) {
  replica().push_back(write_of(0, 2));
  EXPECT_THAT(reasons(), ElementsAre("replica: 1 writes repeated: 0/2"));
}

TEST_F(WriterJudge, ATornWriteIsNamed) {
  replica()[1].value.pop_back();
  EXPECT_THAT(reasons(), ElementsAre("replica: 1 writes torn: 0/1"));
}

TEST_F(WriterJudge, AnotherWritesValueIsTorn) {
  replica()[1].value = replica()[2].value;
  EXPECT_THAT(reasons(), ElementsAre("replica: 1 writes torn: 0/1"));
}

TEST_F(WriterJudge, WritesOfALaterTimeAreNamedWhereverTheyLie) {
  replica().push_back(write_of(0, 4));
  replica().push_back(write_of(7, 1));
  replica().push_back(write_of(1, 3));
  EXPECT_THAT(reasons(), ElementsAre("replica: 3 writes that the writer does not know: 0/4, 1/3, 7/1"));
}

TEST_F(WriterJudge, OfManyTheFirstFewAreNamed) {
  replica().clear();
  writer.series[0] = {10, 10, ""};
  EXPECT_THAT(reasons(), testing::Contains("replica: 12 acknowledged writes lost: 0/1, 0/2, 0/3, 0/4, 0/5, ..."));
}

TEST_F(WriterJudge, AServerThatIsBehindIsFound) {
  servers[1].position = "8";
  EXPECT_THAT(reasons(), ElementsAre("replica: at 8, primary at 9"));
}

TEST_F(WriterJudge, WhatAServerSaysAgainstItselfCounts) {
  servers[0].contents.complaints = {"the accounts sum up to 1, not 0"};
  EXPECT_THAT(reasons(), ElementsAre("primary: the accounts sum up to 1, not 0"));
}

TEST_F(WriterJudge, AConnectionThatFailedOrAnAnswerThatNeverCameIsFound) {
  writer.series[1] = {3, 2, "reset"};
  EXPECT_FALSE(writer.at_rest());
  EXPECT_THAT(reasons(),
              ElementsAre(HasSubstr("series 1 has ended: reset"), HasSubstr("series 1: 1 of 3 writes never")));
}

TEST_F(WriterJudge, AStateSurvivesItsText) {
  writer.repeats = 4;
  writer.series[1].error = "reset";
  const auto again = writer_from_json(to_json(writer).dump());
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again), to_json(writer));
  EXPECT_FALSE(writer_from_json("<html>"));
}

TEST(WriterSql, MoneyAndTotalsThatDoNotAddUpAreFound) {
  const auto says = [](const std::string& sum, const std::string& total, const std::string& rows) {
    Contents out;
    const auto read = sql::read(
        [&](const char* query) -> Result<sql::Rows> {
          if (std::string_view{query}.find("value") != std::string_view::npos) return sql::Rows{{"0", "1", "x"}};
          return sql::Rows{{sum, total, rows}};
        },
        out);
    EXPECT_TRUE(read);
    EXPECT_EQ(out.writes.size(), 1U);
    return out.complaints;
  };
  EXPECT_THAT(says("0", "1", "1"), IsEmpty());
  EXPECT_THAT(says("5", "1", "1"), ElementsAre("the accounts sum up to 5, not 0"));
  EXPECT_THAT(says("0", "2", "1"), ElementsAre("the total counts 2 writes, the table has 1"));
  EXPECT_THAT(says("0", "1", "2"), ElementsAre("the total counts 1 writes, the table has 1"));
}

}  // namespace
}  // namespace cutline::writer
