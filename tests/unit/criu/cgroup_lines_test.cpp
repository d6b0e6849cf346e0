#include <gtest/gtest.h>

#include "sidecar/cgroup/hierarchies.hpp"

namespace cutline::cgroup {
namespace {

TEST(CgroupLines, NamedCombinedAndUnifiedHierarchiesAreToldApart) {
  EXPECT_EQ(parse("9:name=systemd:/\n2:cpu,cpuacct:/kubepods/pod1\n0::/a:b\n"),
            (std::vector<Line>{{"name=systemd", "/"}, {"cpu,cpuacct", "/kubepods/pod1"}, {"", "/a:b"}}));
}

TEST(CgroupLines, WhatIsNoLineIsPassedOver) { EXPECT_TRUE(parse("\nnonsense\n1:x\n").empty()); }

TEST(CgroupLines, AControllerIsFoundAmongSeveralAndNotByAPart) {
  const Hierarchy hierarchy{.controllers = "cpu,cpuacct"};
  EXPECT_TRUE(hierarchy.has("cpuacct"));
  EXPECT_FALSE(hierarchy.has("acct"));
  EXPECT_FALSE(hierarchy.unified());
}

}  // namespace
}  // namespace cutline::cgroup
