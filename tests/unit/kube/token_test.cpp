#include "kube/token.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/fd.hpp"

namespace cutline::kube {
namespace {

using namespace std::chrono_literals;

struct ATokenFile : testing::Test {
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "cutline-token-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& text) const { ASSERT_TRUE(replace_file(file(), text)); }
  std::string file() const { return (folder / "token").string(); }
  std::filesystem::path folder;
  const Instant start = Instant{} + 1h;
};

TEST_F(ATokenFile, IsReadAgainAfterAMinute) {
  write("one\n");
  Token token{"", file()};
  EXPECT_EQ(token.current(start), "one");
  write("two\n");
  EXPECT_EQ(token.current(start + 59s), "one");
  EXPECT_EQ(token.current(start + 60s), "two");
}

TEST_F(ATokenFile, RenewsOnlyWhenThereIsAnother) {
  write("one");
  Token token{"", file()};
  ASSERT_EQ(token.current(start), "one");
  EXPECT_FALSE(token.renew("one", start + 1s));
  write("two");
  EXPECT_TRUE(token.renew("one", start + 2s));
  EXPECT_EQ(token.current(start + 2s), "two");
  EXPECT_TRUE(token.renew("one", start + 3s));  // somebody else has renewed it already
}

TEST_F(ATokenFile, ThatVanishesLeavesTheLastTokenInUse) {
  write("one");
  Token token{"", file()};
  ASSERT_EQ(token.current(start), "one");
  std::filesystem::remove(file());
  EXPECT_EQ(token.current(start + 2min), "one");
}

TEST(AFixedToken, HasNoOther) {
  Token token{"fixed", ""};
  EXPECT_EQ(token.current(Instant{}), "fixed");
  EXPECT_FALSE(token.renew("fixed", Instant{}));
}

}  // namespace
}  // namespace cutline::kube
