#include <gtest/gtest.h>

#include "kube/watch.hpp"

namespace cutline::kube {
namespace {

std::vector<std::string> lines_of(LineBuffer& buffer) {
  std::vector<std::string> out;
  while (auto line = buffer.pop()) out.push_back(*line);
  return out;
}

TEST(Lines, AreTheSameHoweverTheBytesArrive) {
  const std::string text = "one\ntwo\r\n\nthree\npart";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    LineBuffer buffer{100};
    std::vector<std::string> got;
    for (std::size_t at = 0; at < text.size(); at += step) {
      ASSERT_TRUE(buffer.push(std::string_view{text}.substr(at, step)));
      for (auto& line : lines_of(buffer)) got.push_back(std::move(line));
    }
    EXPECT_EQ(got, (std::vector<std::string>{"one", "two", "three"})) << step;
  }
}

TEST(Lines, AreBounded) {
  LineBuffer buffer{10};
  EXPECT_TRUE(buffer.push("0123456789"));
  EXPECT_EQ(buffer.push("x").error().code, Code::Corrupt);
}

TEST(Lines, ManyShortOnesMayArriveAtOnce) {
  LineBuffer buffer{2};
  EXPECT_TRUE(buffer.push("a\nb\nc\nd\n"));
  EXPECT_EQ(lines_of(buffer).size(), 4U);
}

TEST(AWatchLine, IsAnEventWithItsObject) {
  const auto event =
      parse_watch_line(R"({"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"7"}}})");
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->type, WatchEvent::Type::Modified);
  EXPECT_EQ(resource_version_of(event->object), "7");
}

TEST(AWatchLine, ThatSays410IsAConflict) {
  const auto event = parse_watch_line(
      R"({"type":"ERROR","object":{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}})");
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, Code::Conflict);
}

TEST(AWatchLine, OfAnotherErrorKeepsItsCode) {
  const auto line = R"({"type":"ERROR","object":{"message":"x","code":504}})";
  EXPECT_EQ(parse_watch_line(line).error().code, Code::Unavailable);
  EXPECT_EQ(parse_watch_line(R"({"type":"ERROR","object":{}})").error().code, Code::Unavailable);
}

TEST(AWatchLine, ThatIsNoEventIsCorrupt) {
  for (const auto* line :
       {"", "{", "[]", "null", R"({"type":"ADDED"})", R"({"type":"ADDED","object":3})", R"({"type":3,"object":{}})",
        R"({"type":"RENAMED","object":{"metadata":{"resourceVersion":"1"}}})",
        R"({"type":"ADDED","object":{"metadata":{}}})"})
    EXPECT_EQ(parse_watch_line(line).error().code, Code::Corrupt) << line;
}

}  // namespace
}  // namespace cutline::kube
