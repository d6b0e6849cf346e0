#include "cli/diagram/svg.hpp"

#include <gmock/gmock.h>

#include "cli/diagram/build.hpp"
#include "tests/unit/cli/samples.hpp"

namespace cutline::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t occurrences(const std::string& text, std::string_view of) {
  std::size_t n = 0;
  for (auto at = text.find(of); at != std::string::npos; at = text.find(of, at + of.size())) ++n;
  return n;
}

// Every element that opens closes again, in order.
void expect_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (auto at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const auto end = xml.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const auto tag = xml.substr(at + 1, end - at - 1);
    if (tag.ends_with('/')) continue;
    if (!tag.starts_with('/')) {
      open.push_back(tag.substr(0, tag.find(' ')));
      continue;
    }
    ASSERT_FALSE(open.empty());
    EXPECT_EQ(open.back(), tag.substr(1));
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

std::string of_the_rollback(const Namespace& ns) {
  const auto d = of_rollback(ns, ns.rollbacks.front());
  return d ? svg(*d) : d.error().message;
}

TEST(AnSvg, StandsOnItsOwnAndCanBeReadAloud) {
  for (const auto& ns : {samples::domino(), samples::twelve()}) {
    const auto picture = of_the_rollback(ns);
    expect_well_formed(picture);
    EXPECT_THAT(picture, HasSubstr("<title id=\"title\">Rollback undo</title>"));
    EXPECT_THAT(picture, HasSubstr("<desc id=\"desc\">"));
    EXPECT_THAT(picture, HasSubstr("prefers-color-scheme:dark"));
    EXPECT_THAT(picture, Not(HasSubstr("<script")));
    EXPECT_THAT(picture, Not(HasSubstr("href")));
    EXPECT_EQ(occurrences(picture, "http"), 1U);  // its own namespace
  }
}

TEST(AnSvg, HasALineForEachPodAndAMarkForEachCheckpoint) {
  const auto ns = samples::domino();
  const auto picture = of_the_rollback(ns);
  EXPECT_THAT(picture, HasSubstr(">p-1</text>"));
  EXPECT_THAT(picture, HasSubstr(">p-2</text>"));
  EXPECT_EQ(occurrences(picture, "rx=\"11\""), 6U);
  EXPECT_EQ(occurrences(picture, "class=\"line\" d="), 1U);
  EXPECT_EQ(occurrences(picture, "class=\"badge\""), 16U);  // each of eight steps, at its arc and in the list
}

TEST(AnSvg, EscapesWhatItIsTold) {
  const Diagram d{.title = "<a> & \"b\"", .rows = {{.pod = "x<y", .marks = {}}}};
  const auto picture = svg(d);
  expect_well_formed(picture);
  EXPECT_THAT(picture, HasSubstr("&lt;a&gt; &amp; &quot;b&quot;"));
  EXPECT_THAT(picture, HasSubstr("x&lt;y"));
}

TEST(AnSvgOfNothing, IsStillAPicture) { expect_well_formed(svg(Diagram{})); }

}  // namespace
}  // namespace cutline::cli
