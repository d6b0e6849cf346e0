#include "sidecar/criu/record.hpp"

#include <gtest/gtest.h>

namespace cutline::criu {
namespace {

const Record record{.root = 7, .uid = 1000, .gid = 1001, .numbers = {7, 8, 12}, .streams = {{1, 314835}, {2, 314836}}};

TEST(Record, ComesBackAsItWasWritten) {
  const auto read = from_json(to_json(record));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, record);
}

TEST(Record, DamageIsCorruptAndNeverBelieved) {
  auto unsorted = record;
  unsorted.numbers = {12, 7};
  auto zero = record;
  zero.numbers = {0, 7};
  auto stream = record;
  stream.streams = {{3, 1}};
  for (const auto& text :
       {std::string{}, std::string{"{}"}, std::string{"[1]"}, to_json(record).substr(0, 40), to_json(unsorted),
        to_json(zero), to_json(stream), std::string{R"({"root":"x","uid":0,"gid":0,"numbers":[1],"streams":[]})"}}) {
    const auto read = from_json(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::Corrupt) << text;
  }
}

}  // namespace
}  // namespace cutline::criu
