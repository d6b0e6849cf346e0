#include "sidecar/store/manifest.hpp"

#include <gmock/gmock.h>

#include "sidecar/store/digest.hpp"

namespace cutline::store {
namespace {

using testing::HasSubstr;

const std::string kHash(64, 'a');

Manifest example() {
  Manifest m;
  m.uid = {"6f1c"};
  m.pod = {"ledger-0"};
  m.checkpoint.epoch = Epoch{7};
  m.checkpoint.index = CheckpointIndex{3};
  m.checkpoint.bytes = Bytes{~0ULL};
  m.checkpoint.counters = {{{"10.0.0.1", 5432}, {"fd00::2", 65535}, 1, 2, ~0ULL}};
  m.checkpoint.timings = {Micros{1}, Micros{2}, Micros{3}, Micros{4}};
  m.checkpoint.gate = protocol::GateKind::Drop;
  m.containers = {{"app", 1002}};
  m.versions = {{"criu", "4.2.1"}};
  m.files = {{"app/files.json", 0, {kHash}}, {"app/pages-1.img", kPiece + 1, {kHash, kHash}}};
  return m;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Manifest, ComesBackAsItWasWritten) { EXPECT_EQ(manifest_from_json(to_json(example())).value(), example()); }

TEST(Manifest, HasTheSameBytesForTheSameValues) {
  const auto text = to_json(example());
  EXPECT_EQ(to_json(manifest_from_json(text).value()), text);
}

TEST(Manifest, RefusesNamesThatLeadOutOfItsFolder) {
  for (const auto* name : {"../x", "/etc/passwd", "app/../../x", "app//x", "app/.", ""}) {
    const auto read = manifest_from_json(replaced(to_json(example()), "app/pages-1.img", name));
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code, Code::Corrupt);
  }
  EXPECT_FALSE(manifest_from_json(replaced(to_json(example()), R"("name":"app")", R"("name":"../app")")));
}

TEST(Manifest, RefusesAFileThatIsListedTwice) {
  auto twice = example();
  twice.files[1] = twice.files[0];
  EXPECT_THAT(manifest_from_json(to_json(twice)).error().message, HasSubstr("twice"));
}

TEST(Manifest, RefusesDigestsThatDoNotCoverTheFile) {
  auto uncovered = example();
  uncovered.files[1].sha256.pop_back();
  EXPECT_THAT(manifest_from_json(to_json(uncovered)).error().message,
              HasSubstr("'app/pages-1.img' has malformed digests"));
  uncovered.files[1].sha256 = {kHash, "not a hash"};
  EXPECT_FALSE(manifest_from_json(to_json(uncovered)));
}

TEST(Manifest, RefusesAPortThatDoesNotFit) {
  EXPECT_FALSE(manifest_from_json(replaced(to_json(example()), "65535", "65536")));
}

TEST(Manifest, RefusesANewerSchemaAndSaysSo) {
  EXPECT_THAT(manifest_from_json(replaced(to_json(example()), R"("schema":1)", R"("schema":2)")).error().message,
              HasSubstr("newer version"));
}

TEST(Manifest, IsCorruptWhereverItIsTorn) {
  const auto text = to_json(example());
  for (std::size_t length = 0; length + 1 < text.size(); ++length) {
    const auto read = manifest_from_json(text.substr(0, length));
    ASSERT_FALSE(read) << length;
    EXPECT_EQ(read.error().code, Code::Corrupt);
  }
}

TEST(Digest, IsSha256) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace cutline::store
