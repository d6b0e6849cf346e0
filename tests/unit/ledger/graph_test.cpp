#include "e2e/workloads/ledger/graph.hpp"

#include <gtest/gtest.h>

namespace cutline::ledger {
namespace {

TEST(LedgerGraph, AnArrowIsOneWayAndADashIsBoth) {
  const auto graph = Graph::parse("0>1,1-2", 4).value();
  EXPECT_TRUE(graph.has(0, 1));
  EXPECT_FALSE(graph.has(1, 0));
  EXPECT_TRUE(graph.has(1, 2));
  EXPECT_TRUE(graph.has(2, 1));
  EXPECT_FALSE(graph.has(0, 2));
}

TEST(LedgerGraph, NeighboursAreOfEitherDirection) {
  const auto graph = Graph::parse("0>1,1-2", 4).value();
  EXPECT_EQ(graph.neighbours(0), std::set<Index>{1});
  EXPECT_EQ(graph.neighbours(1), (std::set<Index>{0, 2}));
  EXPECT_TRUE(graph.neighbours(3).empty());
}

TEST(LedgerGraph, AllAndNoneAreWords) {
  EXPECT_EQ(Graph::parse("all", 3)->neighbours(1), (std::set<Index>{0, 2}));
  EXPECT_EQ(Graph::parse("", 3)->neighbours(1), (std::set<Index>{0, 2}));
  EXPECT_TRUE(Graph::parse("none", 3)->neighbours(1).empty());
}

TEST(LedgerGraph, WhatIsNoEdgeOfThesePodsIsNamed) {
  for (const auto* text : {"0", "0-0", "0>3", "a-b", "0->1", "0-1;1-2", "-1", "0>"}) {
    const auto graph = Graph::parse(text, 3);
    ASSERT_FALSE(graph) << text;
    EXPECT_NE(graph.error().message.find(text), std::string::npos) << graph.error().message;
  }
}

}  // namespace
}  // namespace cutline::ledger
