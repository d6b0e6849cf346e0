#include "protocol/readdressing.hpp"

#include <gtest/gtest.h>

namespace cutline::protocol {
namespace {

Connection connection(const std::string& local, const std::string& remote) { return {{local, 7000}, {remote, 41000}}; }

TEST(Readdressing, NamesBothEndsAnew) {
  const Readdressing now{{{"10.0.0.1", "10.0.0.8"}, {"10.0.0.2", "10.0.0.9"}}};
  EXPECT_EQ(now(connection("10.0.0.1", "10.0.0.2")), connection("10.0.0.8", "10.0.0.9"));
}

TEST(Readdressing, LeavesEveryOtherAddressAsItIs) {
  const Readdressing now{{{"10.0.0.1", "10.0.0.8"}}};
  EXPECT_EQ(now(connection("10.0.0.3", "192.0.2.1")), connection("10.0.0.3", "192.0.2.1"));
}

TEST(Readdressing, LetsPodsExchangeTheirAddresses) {
  const Readdressing now{{{"10.0.0.1", "10.0.0.2"}, {"10.0.0.2", "10.0.0.1"}}};
  EXPECT_EQ(now(connection("10.0.0.1", "10.0.0.2")), connection("10.0.0.2", "10.0.0.1"));
}

TEST(Readdressing, LeadsFromAServiceToThePodItself) {
  const auto client = connection("10.0.0.1", "10.96.0.10");
  const Readdressing now{{{"10.0.0.1", "10.0.0.8"}}, {{client, 0, 0, {"10.0.0.9", 6379}}}};
  EXPECT_EQ(now(client), (Connection{{"10.0.0.8", 7000}, {"10.0.0.9", 6379}}));
  EXPECT_EQ(now(connection("10.0.0.1", "10.96.0.11")), connection("10.0.0.8", "10.96.0.11"));
}

TEST(Readdressing, HoldsForAllThatACheckpointNames) {
  LocalCheckpoint checkpoint;
  checkpoint.counters = {{{"10.0.0.1", 1}, {"10.0.0.2", 2}, 3, 4, 5}};
  checkpoint.closed = {{{"10.0.0.2", 1}, {"10.0.0.1", 2}, 3, 4, 5}};
  checkpoint.flows = {{"10.0.0.1", "10.0.0.3", 6, 7}};
  const auto now = Readdressing{{{"10.0.0.1", "10.0.0.8"}}}(checkpoint);
  EXPECT_EQ(now.counters, (CounterTable{{{"10.0.0.8", 1}, {"10.0.0.2", 2}, 3, 4, 5}}));
  EXPECT_EQ(now.closed, (CounterTable{{{"10.0.0.2", 1}, {"10.0.0.8", 2}, 3, 4, 5}}));
  EXPECT_EQ(now.flows, (FlowTable{{"10.0.0.8", "10.0.0.3", 6, 7}}));
}

// A checkpoint that was put back twice, in other pods each time, and one that was taken in between.
TEST(Readdressing, LeadsFromOneTimeToTheNext) {
  const Readdressing first{{{"10.0.0.1", "10.0.0.5"}, {"10.0.0.2", "10.0.0.6"}}};
  const Readdressing second{{{"10.0.0.1", "10.0.0.6"}, {"10.0.0.2", "10.0.0.5"}}};
  const auto step = Readdressing::between(first, second);
  EXPECT_EQ(step(connection("10.0.0.5", "10.0.0.6")), connection("10.0.0.6", "10.0.0.5"));
  EXPECT_EQ(first.then(step), second);
}

TEST(Readdressing, IsNothingOnceThePodsAreWhereTheyWere) {
  const Readdressing away{{{"10.0.0.1", "10.0.0.5"}}};
  const auto home = Readdressing::between(away, Readdressing{});
  EXPECT_EQ(home("10.0.0.5"), "10.0.0.1");
  EXPECT_TRUE(away.then(home).empty());
}

TEST(Readdressing, KeepsTheWayPastAServiceOverFurtherMoves) {
  const auto client = connection("10.0.0.1", "10.96.0.10");
  const Readdressing first{{{"10.0.0.1", "10.0.0.5"}}, {{client, 0, 0, {"10.0.0.6", 6379}}}};
  const Readdressing next{{{"10.0.0.5", "10.0.0.7"}, {"10.0.0.6", "10.0.0.8"}}};
  EXPECT_EQ(first.then(next)(client), (Connection{{"10.0.0.7", 7000}, {"10.0.0.8", 6379}}));
}

TEST(Readdressing, LeadsBackToWhatTheCheckpointNames) {
  const auto client = connection("10.0.0.1", "10.96.0.10");
  const Readdressing names{{{"10.0.0.1", "10.0.0.5"}}, {{client, 0, 0, {"10.0.0.6", 6379}}}};
  EXPECT_EQ(names.back()(names(client)), client);
  const auto other = connection("10.0.0.1", "10.0.0.3");
  EXPECT_EQ(names.back()(names(other)), other);
}

TEST(Readdressing, IsToldWithAHistory) {
  const Readdressing names{{{"10.0.0.1", "10.0.0.5"}},
                           {{connection("10.0.0.1", "10.96.0.10"), 0, 0, {"10.0.0.6", 6379}}}};
  const History history{{}, {}, {renamed(CheckpointIndex{3}, names)}};
  EXPECT_EQ(names_of(history, CheckpointIndex{3}), names);
  EXPECT_TRUE(names_of(history, CheckpointIndex{4}).empty());
}

}  // namespace
}  // namespace cutline::protocol
