#include "repository/compressible.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "tests/integration/store/temporary.hpp"

namespace cutline::repository {
namespace {

std::string noise(std::size_t size) {
  std::mt19937_64 random{7};
  std::string out(size, 0);
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

struct AFolder : testing::Test {
  store::Temporary folder;
  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder.path() / name).parent_path());
    std::ofstream{folder.path() / name, std::ios::binary} << text;
  }
  [[nodiscard]] bool worth() const { return worth_compressing(folder.path()).value(); }
};

TEST_F(AFolder, OfNoiseIsNotWorthCompressing) {
  put("pages-1.img", noise(3U << 20U));
  put("ledger/core-1.img", "short");
  EXPECT_FALSE(worth());
}

TEST_F(AFolder, OfMemoryThatIsATenthZerosIsWorthCompressing) {
  put("ledger/pages-1.img", noise(9U << 20U));
  put("web/pages-1.img", std::string(1U << 20U, 0));
  EXPECT_TRUE(worth());
}

TEST_F(AFolder, OfManySmallFilesIsSampledAcrossThem) {
  for (int i = 0; i < 200; ++i) put("files/" + std::to_string(i), i % 3 == 0 ? std::string(4096, 'x') : noise(4096));
  EXPECT_TRUE(worth());
}

TEST_F(AFolder, ThatIsEmptyOrGoneIsNoTrouble) {
  EXPECT_FALSE(worth());
  EXPECT_FALSE(worth_compressing(folder.path() / "nowhere"));
}

TEST(Noise, DoesNotShrinkAndZerosDo) {
  EXPECT_GE(shrinks_to(noise(100'000)), 0.99);
  EXPECT_LE(shrinks_to(std::string(100'000, 0)), 0.02);
  EXPECT_EQ(shrinks_to(""), 1);
}

}  // namespace
}  // namespace cutline::repository
