#include "control/json_view.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace cutline::control {
namespace {

TEST(JsonView, MembersAreFoundByNameWhateverStandsAround) {
  const JsonText json{
      " { \"skip\" : [1, {\"a\":2}, \"]}\"] ,\n\"a\":{ \"b\" : [ -7, 8 ] }, \"t\" : true , \"n\":null }\t"};
  const auto root = json.root();
  const auto row = root["a"]["b"].items();
  ASSERT_EQ(row.size(), 2U);
  EXPECT_EQ(row[0].number<int>(), -7);
  EXPECT_EQ(row[1].number<std::uint64_t>(), 8U);
  EXPECT_TRUE(root["t"].truth());
  EXPECT_TRUE(root["n"].null());
  EXPECT_EQ(root["skip"].items()[2].text(), "]}");
}

TEST(JsonView, TextKeepsItsEscapesAndLanguages) {
  const std::string said = "a \"quoted\" \\ line\nTiefgründig \xf0\x9f\x90\x98";
  for (const bool ascii : {false, true}) {
    const auto text = nlohmann::json(said).dump(-1, ' ', ascii);
    EXPECT_EQ(JsonText{text}.root().text(), said);
  }
  EXPECT_THROW((void)JsonText{"\"\xff\""}.root().text(), std::invalid_argument);
  EXPECT_THROW((void)JsonText{"\"line\nbreak\""}.root().text(), std::invalid_argument);
  EXPECT_THROW((void)JsonText{R"("\q")"}.root().text(), std::invalid_argument);
}

TEST(JsonView, ANumberThatDoesNotFitIsRefusedNotCut) {
  const JsonText json{R"([65536, -1, 1.5, 1e3, "7", 18446744073709551615, 18446744073709551616])"};
  const auto row = json.root().items();
  EXPECT_THROW((void)row[0].number<std::uint16_t>(), std::invalid_argument);
  for (const auto at : {1U, 2U, 3U, 4U, 6U})
    EXPECT_THROW((void)row[at].number<std::uint64_t>(), std::invalid_argument) << at;
  EXPECT_EQ(row[5].number<std::uint64_t>(), ~std::uint64_t{0});
}

TEST(JsonView, WhatIsNotJsonIsRefused) {
  for (const auto* text : {"", " ", "{", "}", "[1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}",
                           "\"open", "\"open\\", "\"open\\\"", "1 2", "[1}", "{\"a\":1]"})
    EXPECT_THROW((void)JsonText{text}, std::invalid_argument) << text;
  EXPECT_THROW((void)JsonText{std::string(100000, '[')}, std::invalid_argument);
}

TEST(JsonView, OfATypeThatIsNotAskedForNothingIsMadeUp) {
  const JsonText json{R"({"a":[],"b":{},"c":"true","d":tru})"};
  EXPECT_THROW((void)json.root()["missing"], std::invalid_argument);
  EXPECT_THROW((void)json.root()["a"]["x"], std::invalid_argument);
  EXPECT_THROW((void)json.root()["b"].items(), std::invalid_argument);
  EXPECT_THROW((void)json.root()["c"].truth(), std::invalid_argument);
  EXPECT_THROW((void)json.root()["d"].truth(), std::invalid_argument);
  EXPECT_THROW((void)json.root()["a"].text(), std::invalid_argument);
}

// Whatever is cut off or turned over on the way: an error, or a value; nothing outside of the text is looked at.
TEST(JsonView, MangledTextIsAnErrorOrAValue) {
  const std::string whole = R"({"id":1,"type":"done","list":[[1,"x"],[2,"\"y\""]],"none":null,"epoch":2})";
  std::mt19937 random{7};
  for (int i = 0; i < 20000; ++i) {
    std::string text = whole.substr(0, random() % (whole.size() + 1));
    for (auto flips = random() % 3; flips > 0 && !text.empty(); --flips)
      text[random() % text.size()] = static_cast<char>(random());
    try {
      const JsonText json{text};
      (void)json.root()["type"].text();
      for (const auto& row : json.root()["list"].items()) (void)row.items().at(1).text();
    } catch (const std::invalid_argument&) {
    } catch (const std::out_of_range&) {
    }
  }
}

}  // namespace
}  // namespace cutline::control
