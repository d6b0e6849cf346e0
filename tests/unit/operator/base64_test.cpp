#include "operator/webhook/base64.hpp"

#include <gtest/gtest.h>

namespace cutline::op {
namespace {

// RFC 4648, section 10.
TEST(Base64, AgreesWithTheTestVectorsOfTheRfc) {
  const std::map<std::string, std::string> vectors{{"", ""},
                                                   {"f", "Zg=="},
                                                   {"fo", "Zm8="},
                                                   {"foo", "Zm9v"},
                                                   {"foob", "Zm9vYg=="},
                                                   {"fooba", "Zm9vYmE="},
                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64(plain), encoded);
    EXPECT_EQ(from_base64(encoded).value(), plain);
  }
}

TEST(Base64, CarriesEveryByteThereAndBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(from_base64(base64(all)).value(), all);
}

TEST(Base64, OfAWrongLengthOrAlphabetIsInvalid) {
  for (const auto* text : {"Zg=", "Z", "Zm9vY", "Z!==", "Zg==Z", "====", "Zg==Zg=="})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace cutline::op
