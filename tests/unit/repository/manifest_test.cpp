#include "repository/manifest.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace cutline::repository {
namespace {

Manifest some() {
  return {.ns = "shop",
          .policy = "nightly",
          .snapshot = "nightly-1",
          .uid = "0c1d",
          .epoch = Epoch{7},
          .protocol = "Coordinated",
          .members =
              {{"ledger-0",
                PodUid{"u0"},
                "node-a",
                {"10.0.0.1", "fd00::1"},
                CheckpointIndex{3},
                "sha256:ab",
                Bytes{4096},
                "r0",
                "[]"},
               {"ledger-1", PodUid{"u1"}, "node-b", {"10.0.0.2"}, CheckpointIndex{1}, "sha256:cd", Bytes{1}, "r1", ""}},
          .external = {{"ledger-0", "10.0.0.1:5", "192.0.2.1:443"}},
          .versions = {{"operator", "0.1.0"}},
          .created = "2026-01-02T03:04:05Z"};
}

TEST(SignedManifest, IsReadBackByWhoeverTrustsItsKey) {
  const auto key = make_key();
  const auto read = verify(sign(some(), key), std::array{make_key().open, key.open});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, some());
}

TEST(SignedManifest, IsWorthNothingToWhoDoesNotTrustItsKey) {
  const auto read = verify(sign(some(), make_key()), std::vector{make_key().open});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::Corrupt);
  EXPECT_FALSE(verify(sign(some(), make_key()), {}));
}

TEST(SignedManifest, NoByteOfItCanBeChanged) {
  const auto key = make_key();
  const auto text = sign(some(), key);
  int accepted = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    const auto read = verify(other, std::vector{key.open});
    if (!read) continue;
    ++accepted;  // of the key's name, which only tells a person, and of what is no part of the signed bytes
    EXPECT_EQ(*read, some()) << i;
  }
  EXPECT_LT(accepted, 80);
}

TEST(SignedManifest, ACutOrAnEmptyTextIsRefused) {
  const auto key = make_key();
  const auto text = sign(some(), key);
  for (std::size_t length : {std::size_t{0}, std::size_t{1}, text.size() / 2, text.size() - 1})
    EXPECT_FALSE(verify(std::string_view{text}.substr(0, length), std::vector{key.open})) << length;
}

TEST(SignedManifest, OfAnotherSchemaIsRefusedThoughItIsSigned) {
  auto text = to_json(some());
  text.replace(text.find("manifest/1"), 10, "manifest/2");
  const auto read = manifest_from_json(text);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, testing::HasSubstr("another schema"));
}

TEST(ManifestText, IsTheSameForTheSameValues) {
  EXPECT_EQ(to_json(some()), to_json(*manifest_from_json(to_json(some()))));
  EXPECT_EQ(to_json(some()).find(' '), std::string::npos);
}

TEST(ManifestText, OfAnIncrementalSnapshotNamesWhatItLeftOut) {
  auto manifest = some();
  manifest.protocol = "Incremental";
  manifest.left_out = {{manifest.members.back(), Epoch{5}, "nightly-0", R"({"addresses":[]})"}};
  manifest.close = {{"ledger-1", "10.0.0.2:5", "192.0.2.1:443"}};
  const auto read = manifest_from_json(to_json(manifest));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, manifest);
}

TEST(ManifestText, OfAnIncrementalSnapshotOfBeforeIsNoStateOfAll) {
  auto manifest = some();
  manifest.protocol = "Incremental";
  auto json = nlohmann::json::parse(to_json(manifest));
  for (const auto* key : {"alone", "leftOut", "close"}) json.erase(key);
  const auto read = manifest_from_json(json.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->alone);
}

TEST(SigningKeys, GoThroughTextAndNothingElseIsAKey) {
  const auto key = make_key();
  EXPECT_EQ(public_key(hex(key.open)), key.open);
  const auto read = signing_key(hex(key.secret));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->open, key.open);
  EXPECT_FALSE(public_key("ab"));
  EXPECT_FALSE(public_key(hex(key.open) + "00"));
  EXPECT_FALSE(signing_key(std::string(128, 'x')));
}

}  // namespace
}  // namespace cutline::repository
