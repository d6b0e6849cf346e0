#include "e2e/workloads/writer/value.hpp"

#include <gtest/gtest.h>

namespace cutline::writer {
namespace {

TEST(WriterValue, FollowsFromItsNumberAlone) {
  EXPECT_EQ(write_of(3, 17), write_of(3, 17));
  EXPECT_TRUE(write_of(3, 17).value.starts_with("3/17:"));
}

TEST(WriterValue, DiffersFromEveryOtherAndNeedsNoQuotes) {
  std::set<std::string> seen;
  for (Series series = 0; series < 4; ++series)
    for (std::uint64_t number = 1; number <= 500; ++number) {
      const auto value = write_of(series, number).value;
      EXPECT_TRUE(seen.insert(value).second) << value;
      EXPECT_TRUE(value.size() >= 40 && value.size() < 1200) << value.size();
      EXPECT_EQ(value.find_first_of("'\"\\ \n%"), std::string::npos) << value;
    }
}

TEST(WriterValue, AKeyNamesItsWrite) {
  const auto write = write_of(2, 40);
  EXPECT_EQ(key_of(write, '.'), "w.2.40");
  EXPECT_EQ(from_key("w.2.40", '.', write.value), write);
}

TEST(WriterValue, WhatIsNoKeyIsNone) {
  for (const char* key : {"", "w", "w/", "w/1", "w/1/", "w/1/2/", "w/1/x", "x/1/2", "w.1.2"})
    EXPECT_EQ(from_key(key, '/', ""), std::nullopt) << key;
}

}  // namespace
}  // namespace cutline::writer
