// Events as kubectl shows them.
#include "kube/events.hpp"

#include "tests/integration/kube/fixture.hpp"

namespace cutline::test {
namespace {

using kube::Events;
using kube::EventType;
using kube::Json;

struct Recorded : KubeTest {
  Json about;
  std::unique_ptr<Events> events;
  void SetUp() override {
    KubeTest::SetUp();
    about = must_create(examples, example("a"));
    events = std::make_unique<Events>(*client, "cutline-operator", "pod-1");
  }
  Json written() const {
    const auto flushed = events->flush(soon());
    if (!flushed) ADD_FAILURE() << flushed.error().message;
    return client->list(core_events, ns, "", soon()).value_or(Json{})["items"];
  }
};

TEST_F(Recorded, AnEventPointsAtItsObject) {
  events->record(about, EventType::Warning, "DumpFailed", "no space left");
  const auto all = written();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(kube::string_at(all[0], "/involvedObject/kind"), "Example");
  EXPECT_EQ(kube::string_at(all[0], "/involvedObject/uid"), kube::uid_of(about));
  EXPECT_EQ(kube::string_at(all[0], "/type"), "Warning");
  EXPECT_EQ(kube::string_at(all[0], "/reason"), "DumpFailed");
  EXPECT_EQ(kube::string_at(all[0], "/message"), "no space left");
  EXPECT_EQ(kube::string_at(all[0], "/source/component"), "cutline-operator");
}

TEST_F(Recorded, RepeatsCountUpOneEvent) {
  for (int n = 0; n < 5; ++n) events->record(about, EventType::Normal, "Committed", "epoch committed");
  const auto all = written();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["count"], 5);
}

TEST_F(Recorded, AnotherReplicaCountsUpTheSameEvent) {
  events->record(about, EventType::Normal, "Committed", "epoch committed");
  ASSERT_EQ(written().size(), 1U);
  Events other{*client, "cutline-operator", "pod-2"};
  other.record(about, EventType::Normal, "Committed", "epoch committed");
  ASSERT_TRUE(other.flush(soon()));
  const auto all = written();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["count"], 2);
}

TEST_F(Recorded, ManyDifferentMessagesOfOneReasonAreCombined) {
  for (int n = 0; n < 30; ++n) events->record(about, EventType::Warning, "Slow", fmt::format("took {} ms", n));
  const auto all = written();
  EXPECT_EQ(all.size(), 11U);
}

TEST_F(Recorded, AnEventAboutWhatHasNoNamespaceGoesToDefault) {
  const auto space = client->get(namespaces, {"", ns}, soon()).value_or(Json{});
  events->record(space, EventType::Normal, "Seen", "a namespace");
  ASSERT_TRUE(events->flush(soon()));
  const auto found = client->list(core_events, "default", "", soon(), "involvedObject.uid=" + kube::uid_of(space))
                         .value_or(Json{})["items"];
  EXPECT_EQ(found.size(), 1U);
}

TEST_F(Recorded, WhatTheServerRefusesIsCountedAsDropped) {
  events->record({{"kind", "Example"}, {"metadata", {{"name", "a"}, {"namespace", "no-such-namespace"}}}},
                 EventType::Normal, "Seen", "nowhere");
  ASSERT_TRUE(events->flush(soon()));
  EXPECT_EQ(events->dropped(), 1U);
}

}  // namespace
}  // namespace cutline::test
