#include "cli/diagram/text.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/diagram/build.hpp"
#include "cli/words.hpp"
#include "tests/unit/cli/samples.hpp"

namespace cutline::cli {
namespace {

using testing::HasSubstr;

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

Diagram two_pods() {
  Diagram d{.title = "Snapshot one",
            .subtitle = "small",
            .line_name = "the cut one",
            .rows = {{.pod = "a", .marks = {{1, std::nullopt, ""}, {2, std::nullopt, ""}}},
                     {.pod = "bb", .marks = {{1, std::nullopt, ""}, {2, std::nullopt, ""}}}},
            .arrows = {{0, 1, 1, 1, 300}}};
  d.rows[0].line = 2;
  d.rows[1].line = 1;
  classify(d);
  return d;
}

TEST(TheTextDiagram, IsThePictureInCharacters) {
  EXPECT_EQ(text(two_pods(), 40, true),
            "Snapshot one\nsmall\n\n"
            "a   |--------(1)--a-----#2#----------->\n"
            "              ...........'\n"
            "bb  |--------#1#----A-----(2)--------->\n\n"
            "    # the cut one   time runs to the right; a small letter sends, the same large letter receives\n\n"
            "   SENT                  RECEIVED               BYTES\n"
            "a  a after checkpoint 1  bb after checkpoint 1  300 B  in transit over the line\n");
}

TEST(TheTextDiagram, FitsTheTerminalAtTwelvePods) {
  const auto ns = samples::twelve();
  const auto d = of_rollback(ns, ns.rollbacks.front());
  ASSERT_TRUE(d) << d.error().message;
  for (const std::size_t width : {80U, 120U})
    for (const bool ascii : {true, false}) {
      const auto out = lines(text(*d, width, ascii));
      for (std::size_t i = 0; i < 27; ++i) EXPECT_LE(columns_of(out.at(i)), width) << out[i];
      for (const auto& row : d->rows)
        EXPECT_TRUE(std::ranges::any_of(out, [&](const std::string& line) { return line.starts_with(row.pod + " "); }))
            << row.pod;
    }
}

TEST(TheAsciiDiagram, HasNothingElse) {
  const auto ns = samples::domino();
  const auto d = of_rollback(ns, ns.rollbacks.front());
  ASSERT_TRUE(d) << d.error().message;
  const auto out = text(*d, 100, true);
  EXPECT_TRUE(std::ranges::all_of(out, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); })) << out;
}

TEST(TheTextDiagram, ListsEachMessageWithItsLetter) {
  const auto out = text(two_pods(), 80, false);
  EXPECT_THAT(out, HasSubstr("a  a after checkpoint 1  bb after checkpoint 1  300 B"));
}

TEST(TheTextDiagramOfACascade, TellsItsStepsInOrder) {
  const auto ns = samples::domino();
  const auto d = of_rollback(ns, ns.rollbacks.front());
  ASSERT_TRUE(d) << d.error().message;
  const auto out = text(*d, 200, false);
  EXPECT_THAT(out, HasSubstr(" 1  p-2 from present to checkpoint 3: its application is not alive"));
  EXPECT_THAT(out, HasSubstr(" 8  p-1 from checkpoint 1 to start"));
}

}  // namespace
}  // namespace cutline::cli
