#include "sidecar/store/record.hpp"

#include <gmock/gmock.h>

#include "tests/integration/store/temporary.hpp"

namespace cutline::store {
namespace {

TEST(Record, OfANewPodIsEmpty) {
  const Temporary top;
  const auto record = load_record(top.path()).value();
  EXPECT_EQ(record.durable.epoch, Epoch{0});
  EXPECT_FALSE(record.durable.restoring);
}

TEST(Record, ComesBackAsItWasWritten) {
  const Temporary top;
  ASSERT_TRUE(save_record(top.path(), {{Epoch{9}, Epoch{7}, true, Epoch{6}}, R"({"a":[1,2]})"}));
  const auto record = load_record(top.path()).value();
  EXPECT_EQ(record.durable.epoch, Epoch{9});
  EXPECT_EQ(record.durable.restoring, Epoch{7});
  EXPECT_TRUE(record.durable.restored);
  EXPECT_EQ(record.durable.prepared, Epoch{6});
  EXPECT_EQ(record.bases, R"({"a":[1,2]})");
}

TEST(Record, ThatIsTornIsCorruptAndNotNew) {
  const Temporary top;
  write(top.path() / "participant.json", R"({"schema":1,"dur)");
  EXPECT_EQ(load_record(top.path()).error().code, Code::Corrupt);
}

TEST(Record, StaysWhenItsReplacementFindsNoRoom) {
  Temporary top;
  top.limit("64k");
  ASSERT_TRUE(save_record(top.path(), {{Epoch{9}, std::nullopt}, "{}"}));
  const auto failed = save_record(top.path(), {{Epoch{10}, std::nullopt}, "[\"" + std::string(100'000, 'x') + "\"]"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::Exhausted);
  EXPECT_EQ(load_record(top.path())->durable.epoch, Epoch{9});
}

TEST(Record, RefusesBasesThatAreNoJson) {
  const Temporary top;
  EXPECT_EQ(save_record(top.path(), {{}, "{"}).error().code, Code::Invalid);
}

}  // namespace
}  // namespace cutline::store
