// What a sidecar finds again of its checkpoints' order, and of what it was told.
#include "sidecar/store/lineage.hpp"

#include <gtest/gtest.h>

#include "base/fd.hpp"
#include "sidecar/store/configuration.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::store {
namespace {

constexpr CheckpointIndex index(std::uint64_t number) { return CheckpointIndex{number}; }

TEST(Lineages, OfANewPodAreNotThere) {
  const Temporary top;
  EXPECT_FALSE(load_lineage(top.path()).value());
}

TEST(Lineages, ComeBackAsTheyWereWritten) {
  const Temporary top;
  const Lineage lineage{index(5),
                        {{index(2), index(0)}, {index(5), index(2)}},
                        {{index(5), {{{{"10.0.0.1", 1}, {"10.0.0.2", 2}, 3, 4, 5}}, false}}}};
  ASSERT_TRUE(save_lineage(top.path(), lineage));
  EXPECT_EQ(load_lineage(top.path()).value(), lineage);
}

TEST(Lineages, ThatAreDamagedAreRefused) {
  const Temporary top;
  ASSERT_TRUE(replace_file((top.path() / "lineage.json").string(), R"({"schema":1,"present":5})"));
  EXPECT_EQ(load_lineage(top.path()).error().code, Code::Corrupt);
}

TEST(Lineages, LeadFromThePodsStartToAnyCheckpoint) {
  const Lineage lineage{
      index(4), {{index(1), index(0)}, {index(2), index(1)}, {index(3), index(2)}, {index(4), index(1)}}, {}};
  EXPECT_EQ(chain(lineage, index(4)), (std::vector{index(1), index(4)}));
  EXPECT_EQ(chain(lineage, index(3)), (std::vector{index(1), index(2), index(3)}));
  EXPECT_TRUE(chain(lineage, index(0)).empty());
}

TEST(Lineages, ThatGoRoundInCirclesEndAllTheSame) {
  EXPECT_TRUE(chain({index(4), {{index(4), index(4)}}, {}}, index(4)).empty());
  EXPECT_LE(chain({index(4), {{index(4), index(3)}, {index(3), index(4)}}, {}}, index(4)).size(), 1U);
}

TEST(Configurations, ComeBackAsTheyWereWrittenAndAreEmptyAtFirst) {
  const Temporary top;
  EXPECT_FALSE(load_configuration(top.path()).value().independent);
  const protocol::Configure configure{
      {{Millis{1}, Millis{2}, Millis{3}, {protocol::GateKind::Drop, {{"db", "/data"}}}}}, Millis{4}};
  ASSERT_TRUE(save_configuration(top.path(), configure));
  EXPECT_EQ(load_configuration(top.path()).value().independent, configure.independent);
  EXPECT_EQ(load_configuration(top.path()).value().grace, Millis{4});
  ASSERT_TRUE(save_configuration(top.path(), {}));
  EXPECT_FALSE(load_configuration(top.path()).value().independent);
}

}  // namespace
}  // namespace cutline::store
