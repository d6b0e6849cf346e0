#include "control/wire.hpp"

#include <gtest/gtest.h>

namespace cutline::control {
namespace {

using namespace protocol;

LocalCheckpoint checkpoint() {
  return {Epoch{7},
          CheckpointIndex{3},
          "sha256:ab",
          Bytes{42},
          {{{"10.0.0.1", 7400}, {"10.0.0.2", 40000}, 1, 2, 3}},
          {Micros{1}, Micros{2}, Micros{3}, Micros{4}},
          GateKind::Drop,
          CheckpointIndex{2},
          {{{"10.0.0.1", 7400}, {"10.0.0.3", 40001}, 4, 5, 6}},
          {{"10.0.0.1", "10.0.0.4", 7, 8}},
          false};
}

template <class C>
C through_the_wire(C command) {
  const auto frame = decode_command(encode(CommandFrame{1, std::move(command)}));
  EXPECT_TRUE(frame) << frame.error().message;
  return std::get<C>(frame.value().command);
}

template <class R>
R reply_through_the_wire(R reply) {
  const auto frame = decode_reply(encode(ReplyFrame{1, std::move(reply)}));
  EXPECT_TRUE(frame) << frame.error().message;
  return std::get<R>(frame.value().reply);
}

TEST(Wire, ARequestArrivesAsItWasSent) {
  const auto frame =
      decode_command(encode(CommandFrame{9, Request{Epoch{7}, Millis{500}, {GateKind::Drop, {{"db", "/data"}}}}}));
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(frame->id, 9U);
  const auto& request = std::get<Request>(frame->command);
  EXPECT_EQ(request.epoch, Epoch{7});
  EXPECT_EQ(request.hold, Millis{500});
  EXPECT_EQ(request.options, (SaveOptions{GateKind::Drop, {{"db", "/data"}}}));
}

TEST(Wire, ARollbackSaysWhichConnectionsLeadOutside) {
  const std::vector<Connection> external{{{"10.0.0.1", 6379}, {"192.0.2.7", 50000}}};
  const auto frame =
      decode_command(encode(CommandFrame{1, Prepare{Epoch{9}, Epoch{7}, "sha256:ab", Millis{5}, external}}));
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(std::get<Prepare>(frame->command).external, external);
}

TEST(Wire, AnAckCarriesItsCounters) {
  const auto frame = decode_reply(encode(ReplyFrame{1, Acked{Epoch{7}, checkpoint()}}));
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(std::get<Acked>(frame->reply).checkpoint, checkpoint());
}

TEST(Wire, AHistoryArrivesWhole) {
  const auto history = reply_through_the_wire(History{{checkpoint(), checkpoint()}, checkpoint()});
  EXPECT_EQ(history.checkpoints, (std::vector{checkpoint(), checkpoint()}));
  EXPECT_EQ(history.present, checkpoint());
  EXPECT_FALSE(reply_through_the_wire(History{{}, {}}).present);
  const std::vector<Renamed> renamed{{CheckpointIndex{3},
                                      {{"10.0.0.1", "10.0.0.9"}},
                                      {{{{"10.0.0.1", 4001}, {"10.96.0.9", 80}}, 0, 0, {"10.0.0.2", 80}}}}};
  EXPECT_EQ(reply_through_the_wire(History{{}, {}, renamed}).renamed, renamed);
  EXPECT_EQ(through_the_wire(Recall{1}).last, 1U);
}

TEST(Wire, AHistoryOfASidecarOfBeforeRenamesNothing) {
  const auto frame = decode_reply(R"({"id":1,"type":"history","checkpoints":[],"present":null})");
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_TRUE(std::get<History>(frame->reply).renamed.empty());
}

TEST(Wire, FailuresArriveWithTheirContainers) {
  const std::vector<Failure> failures{{"db", "killed by signal 9 (Killed)"}};
  EXPECT_EQ(reply_through_the_wire(Probed{failures}).failures, failures);
  (void)through_the_wire(Probe{});
}

TEST(Wire, HowFarConnectionsMoveArrives) {
  const std::vector<Shift> shifts{{{{"10.0.0.1", 6379}, {"10.0.0.2", 50000}}, 7, 0xffffffff, {"10.0.0.9", 6379}}};
  EXPECT_EQ(reply_through_the_wire(Stopped{Epoch{9}, shifts}).shifts, shifts);
  const auto restore = through_the_wire(Restore{Epoch{9}, shifts, {{"10.0.0.1", "10.0.0.7"}}});
  EXPECT_EQ(restore.shifts, shifts);
  EXPECT_EQ(restore.addresses, (std::vector<Readdress>{{"10.0.0.1", "10.0.0.7"}}));
  EXPECT_EQ(through_the_wire(Stop{Epoch{9}}).epoch, Epoch{9});
}

TEST(Wire, TheDigestOfWhatIsOnDiskArrives) {
  EXPECT_EQ(reply_through_the_wire(Opened{Epoch{9}, Micros{5}, "sha256:ab"}).digest, "sha256:ab");
}

TEST(Wire, ConnectionsToSeverArrive) {
  const std::vector<Connection> severed{{{"10.0.0.1", 6379}, {"10.0.0.2", 50000}}};
  EXPECT_EQ(through_the_wire(Sever{Epoch{9}, severed}).connections, severed);
  EXPECT_EQ(reply_through_the_wire(Severed{Epoch{9}}).epoch, Epoch{9});
}

TEST(Wire, WhatTheSidecarDoesByItselfIsToldAndTakenBack) {
  const Independent own{Millis{30000}, Millis{10000}, Millis{5000}, {GateKind::Queue, {{"db", "/data"}}}};
  EXPECT_EQ(through_the_wire(Configure{own, Millis{2000}}).independent, own);
  EXPECT_EQ(through_the_wire(Configure{own, Millis{2000}}).grace, Millis{2000});
  EXPECT_FALSE(through_the_wire(Configure{}).independent);
  (void)reply_through_the_wire(Configured{});
}

TEST(Wire, UploadsAndTheirWayArrive) {
  const Repository repository{"s3:http://s3:9000/b/p", "pass\"word", "key", "secret", "eu", "-----BEGIN\n", 512};
  const auto upload = through_the_wire(Upload{Epoch{9}, "sha256:ab", "shop", repository});
  EXPECT_EQ(upload.repository, repository);
  EXPECT_EQ(upload.checkpoint, Epoch{9});
  EXPECT_EQ(upload.digest + upload.ns, "sha256:abshop");
  const auto fetch = through_the_wire(Fetch{Epoch{9}, "sha256:ab", "r1", repository});
  EXPECT_EQ(fetch.repository, repository);
  EXPECT_EQ(fetch.digest + fetch.id, "sha256:abr1");
  const auto going = reply_through_the_wire(Uploading{Epoch{9}, Bytes{1}, Bytes{2}, Error{Code::Exhausted, "full"}});
  EXPECT_EQ(going.done, Bytes{1});
  EXPECT_EQ(going.total, Bytes{2});
  ASSERT_TRUE(going.trouble);
  EXPECT_EQ(going.trouble->code, Code::Exhausted);
  EXPECT_EQ(going.trouble->message, "full");
  EXPECT_FALSE(reply_through_the_wire(Fetching{Epoch{9}, Bytes{1}, Bytes{2}, {}}).trouble);
  const auto uploaded = reply_through_the_wire(Uploaded{Epoch{9}, "r1", Bytes{3}, Bytes{4}});
  EXPECT_EQ(uploaded.id, "r1");
  EXPECT_EQ(uploaded.bytes, Bytes{3});
  EXPECT_EQ(uploaded.added, Bytes{4});
  EXPECT_EQ(reply_through_the_wire(Fetched{Epoch{9}}).checkpoint, Epoch{9});
}

TEST(Wire, HooksAndHowTheyEndedArrive) {
  const std::vector<Hook> hooks{{"db", {"sh", "-c", "echo \"a\nb\""}, Millis{500}, true}, {"web", {"true"}}};
  const auto asked = through_the_wire(RunHooks{"s1/2/before", hooks});
  EXPECT_EQ(asked.key, "s1/2/before");
  EXPECT_EQ(asked.hooks, hooks);
  EXPECT_EQ(reply_through_the_wire(HooksRunning{"s1/2/before"}).key, "s1/2/before");
  const std::vector<HookOutcome> outcomes{{0, true, "exited with status 3", "no \xff such\nfile", Micros{7}},
                                          {1, false, "", "", Micros{0}}};
  const auto ended = reply_through_the_wire(HooksRun{"s1/2/before", outcomes});
  EXPECT_EQ(ended.key, "s1/2/before");
  ASSERT_EQ(ended.outcomes.size(), 2U);
  EXPECT_EQ(ended.outcomes[0].said, "no \xef\xbf\xbd such\nfile") << "what is no UTF-8 is replaced, never an error";
  EXPECT_EQ(ended.outcomes[0].failure, "exited with status 3");
  EXPECT_EQ(ended.outcomes[0].took, Micros{7});
  EXPECT_EQ(ended.outcomes[1], outcomes[1]);
}

TEST(Wire, WhatIsCopiedBeforehandAndPutBackArrives) {
  const std::vector<Volume> volumes{{"db", "/data"}};
  const auto asked = through_the_wire(Precopy{"s1/2", volumes});
  EXPECT_EQ(asked.key, "s1/2");
  EXPECT_EQ(asked.volumes, volumes);
  EXPECT_EQ(reply_through_the_wire(Precopying{"s1/2"}).key, "s1/2");
  EXPECT_EQ(reply_through_the_wire(Precopied{"s1/2", Bytes{9}}).copied, Bytes{9});
  EXPECT_EQ(reply_through_the_wire(Restored{Epoch{9}, {}, Bytes{8}}).written, Bytes{8});
}

TEST(Wire, ARefusalKeepsItsCode) {
  const auto frame = decode_reply(encode(ReplyFrame{1, Refused{Epoch{7}, {Code::Busy, "another round"}}}));
  ASSERT_TRUE(frame);
  EXPECT_EQ(std::get<Refused>(frame->reply).why.code, Code::Busy);
}

TEST(Wire, MalformedInputIsAnErrorNeverAnException) {
  for (const auto* text : {"", "{", "[]", "null", R"({"id":1})", R"({"id":1,"type":"dance"})",
                           R"({"id":1,"type":"done","epoch":"x"})", R"({"id":-1,"type":7})"})
    EXPECT_FALSE(decode_command(text)) << text;
}

TEST(Wire, UnknownMembersAreIgnored) { EXPECT_TRUE(decode_command(R"({"id":1,"type":"done","epoch":2,"new":true})")); }

}  // namespace
}  // namespace cutline::control
