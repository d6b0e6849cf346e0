#include "sidecar/hooks/standing.hpp"

#include <gmock/gmock.h>

namespace cutline::hooks {
namespace {

constexpr auto kStatus =
    "Name:\tcutline-launche\nUid:\t1000\t1001\t1000\t1000\nGid:\t5\t6\t5\t5\nFDSize:\t64\nGroups:\t6 20 30 "
    "\nThreads:\t1\n"
    "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:"
    "\t00000000a80425fb\nCapAmb:\t0000000000000400\nNoNewPrivs:\t1\n";

TEST(AnIdentity, IsReadFromAProcesssStatus) {
  const auto identity = identity_from(kStatus);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->uid, 1001U) << "the one in effect";
  EXPECT_EQ(identity->gid, 6U);
  EXPECT_THAT(identity->groups, testing::ElementsAre(6, 20, 30));
  EXPECT_EQ(identity->bounding, 0xa80425fbU);
  EXPECT_EQ(identity->inheritable, 0U);
  EXPECT_EQ(identity->ambient, 0x400U);
  EXPECT_TRUE(identity->no_new_privileges);
}

TEST(AnIdentity, IsNeverMadeUpFromAStatusThatLacksSomething) {
  const std::string status = kStatus;
  for (const auto* line : {"Uid:", "Gid:", "Groups:", "CapBnd:", "CapInh:", "CapAmb:", "NoNewPrivs:"}) {
    auto without = status;
    without.replace(without.find(line), 1, "x");
    EXPECT_FALSE(identity_from(without)) << line;
  }
}

}  // namespace
}  // namespace cutline::hooks
