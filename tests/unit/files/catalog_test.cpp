#include "sidecar/files/catalog.hpp"

#include <gmock/gmock.h>

#include "sidecar/files/escape.hpp"

namespace cutline::files {
namespace {

Entry file(std::string path) {
  Entry e;
  e.path = std::move(path);
  e.size = 100;
  e.mode = 0640;
  e.data = "files-0.data";
  e.extents = {{0, 10, 4096}, {50, 50, 4106}};
  e.xattrs = {{"user.note", std::string{"\0\xff", 2}}};
  return e;
}

std::string with(const Entry& entry) { return to_json({{"/data"}, {entry}}); }

TEST(Catalog, ComesBackAsItWasWritten) {
  Entry link;
  link.path = "/data/current";
  link.kind = Kind::Symlink;
  link.links = "../somewhere \"else\"\n";
  const Catalog catalog{{"/data"}, {file("/data/a"), file("/data/\xff\xfe not UTF-8 %41"), link}};
  EXPECT_EQ(from_json(to_json(catalog)).value(), catalog);
}

TEST(Catalog, RefusesNamesThatLeadOutOfTheContainer) {
  for (const auto* path : {"/data/../etc/passwd", "relative", "/", "//a", "/a/./b", "", "/a/"}) {
    const auto read = from_json(with(file(path)));
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().code, Code::Corrupt) << path;
  }
}

TEST(Catalog, RefusesDataFilesOutsideOfItsFolder) {
  auto entry = file("/data/a");
  for (const auto* name : {"../files-0.data", "files-/../../x", "/etc/shadow"}) {
    entry.data = name;
    EXPECT_FALSE(from_json(with(entry))) << name;
  }
}

TEST(Catalog, RefusesExtentsThatOverlapOrLieOutside) {
  auto entry = file("/data/a");
  entry.extents = {{0, 60, 0}, {50, 10, 60}};
  EXPECT_FALSE(from_json(with(entry)));
  entry.extents = {{90, ~0ULL, 0}};
  EXPECT_FALSE(from_json(with(entry)));
}

TEST(Catalog, NamesTheFileThatItRefuses) {
  auto entry = file("/data/a");
  entry.mode = 0100644;
  EXPECT_THAT(from_json(with(entry)).error().message, testing::HasSubstr("/data/a: mode"));
}

TEST(Catalog, RefusesWhatIsTornOrOfAnotherSchema) {
  const auto text = with(file("/data/a"));
  for (std::size_t length = 0; length + 2 < text.size(); length += 7)
    EXPECT_FALSE(from_json(text.substr(0, length))) << length;
  EXPECT_EQ(from_json(R"({"schema":2,"volumes":[],"entries":[]})").error().code, Code::Corrupt);
}

TEST(Escape, KeepsEveryByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(unescape(escape(all)), all);
  EXPECT_EQ(unescape("%4"), std::nullopt);
  EXPECT_EQ(unescape("%zz"), std::nullopt);
}

}  // namespace
}  // namespace cutline::files
