#include "cli/words.hpp"

#include <gtest/gtest.h>

namespace cutline::cli {
namespace {

using std::chrono::seconds;

TEST(Sizes, HaveAUnitThatKeepsThemShort) {
  EXPECT_EQ(bytes(0), "0 B");
  EXPECT_EQ(bytes(1023), "1023 B");
  EXPECT_EQ(bytes(1536), "1.5 KiB");
  EXPECT_EQ(bytes(std::uint64_t{212} << 20U), "212 MiB");
  EXPECT_EQ(bytes((std::uint64_t{1} << 20U) - 1), "1.0 MiB");
  EXPECT_EQ(bytes(~std::uint64_t{0}), "16.0 EiB");
}

TEST(Ages, AreAsExactAsIsOfUse) {
  EXPECT_EQ(lasts(seconds{5}), "5s");
  EXPECT_EQ(lasts(seconds{300}), "5m");
  EXPECT_EQ(lasts(seconds{3 * 3600}), "3h");
  EXPECT_EQ(lasts(seconds{72 * 3600}), "3d");
  EXPECT_EQ(lasts(seconds{-5}), "0s");
  EXPECT_EQ(ago(std::nullopt, Time{}), "at an unknown time");
}

TEST(ATable, AlignsItsColumnsAlsoBehindCharactersOfSeveralBytes) {
  EXPECT_EQ(table({{"A", "B"}, {"ää", "x"}, {"longer", "y"}}), "A       B\nää      x\nlonger  y\n");
}

TEST(FoldedText, IsNotWiderThanAsked) {
  EXPECT_EQ(folded("one two three", 7, "  "), "one two\n  three");
  EXPECT_EQ(folded("unbreakable", 4), "unbreakable");
}

TEST(ShortenedText, SaysThatSomethingIsMissing) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc...");
}

}  // namespace
}  // namespace cutline::cli
