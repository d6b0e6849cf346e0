// crds/examples: what a user may write is accepted, and each mistake is refused with the message that helps.
#include <filesystem>
#include <set>

#include "tests/integration/crds/fixture.hpp"

namespace cutline::test {
namespace {

using testing::HasSubstr;

std::set<std::filesystem::path> examples(const std::string& kind) {
  const std::filesystem::directory_iterator folder{source + "/crds/examples/" + kind};
  return {begin(folder), end(folder)};
}

// "# expect: ..." in the first line of a bad example.
std::string expected(const std::string& yaml) {
  constexpr std::string_view mark = "# expect: ";
  return yaml.starts_with(mark) ? yaml.substr(mark.size(), yaml.find('\n') - mark.size()) : "";
}

TEST(Examples, EveryGoodOneIsAccepted) {
  const auto all = examples("good");
  ASSERT_FALSE(all.empty());
  const auto applied = kubectl(server(), {"apply", "-f", source + "/crds/examples/good"});
  EXPECT_TRUE(applied) << applied.error().message;
}

// Of two documents the first must be accepted: it is the object that the second tries to change.
TEST(Examples, EveryBadOneIsRefusedWithTheMessageThatSaysWhatToWrite) {
  const auto all = examples("bad");
  ASSERT_FALSE(all.empty());
  for (const auto& path : all) {
    SCOPED_TRACE(path.filename());
    const auto yaml = read_file(path.string());
    ASSERT_TRUE(yaml) << yaml.error().message;
    ASSERT_NE(expected(*yaml), "") << "the first line must say # expect: MESSAGE";
    const auto second = yaml->find("\n---\n");
    if (second != std::string::npos) {
      const auto first = apply_text(server(), yaml->substr(0, second));
      ASSERT_TRUE(first) << first.error().message;
    }
    const auto refused = apply_text(server(), second == std::string::npos ? *yaml : yaml->substr(second));
    if (refused) {
      ADD_FAILURE() << "it was accepted";
    } else {
      EXPECT_THAT(refused.error().message, HasSubstr(expected(*yaml)));
    }
  }
}

TEST(Examples, ASnapshotMayBePinnedLater) {
  const std::string snapshot = R"(apiVersion: cutline.dev/v1alpha1
kind: DistributedSnapshot
metadata: {name: pinned-later}
spec: {selector: {matchLabels: {app: ledger}}, deadline: 2s, volumes: [{container: db, path: /data}], pinned: )";
  ASSERT_TRUE(apply_text(server(), snapshot + "false}"));
  const auto pinned = apply_text(server(), snapshot + "true}");
  EXPECT_TRUE(pinned) << pinned.error().message;
  EXPECT_TRUE(apply_text(server(), snapshot + "false}"));
}

}  // namespace
}  // namespace cutline::test
