// What restic 0.14 really says (recorded), understood.
#include "repository/answer.hpp"

#include <gmock/gmock.h>

namespace cutline::repository {
namespace {

struct Said {
  const char* text;
  Code code;
  const char* helps;
};
struct Complaint : testing::TestWithParam<Said> {};

TEST_P(Complaint, IsSaidSoThatAPersonCanHelp) {
  const auto known = understand(GetParam().text);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->code, GetParam().code) << known->message;
  EXPECT_THAT(known->message, testing::HasSubstr(GetParam().helps));
}

constexpr const char* kNoRepository =
    "Is there a repository at the following location?\ns3:http://127.0.0.1:1/backups/a\n";
const std::string kSignature =
    std::string{
        "Fatal: unable to open config file: Stat: The request signature we calculated does not match the signature you "
        "provided. Check your key and signing method.\n"} +
    kNoRepository;
const std::string kNoUser =
    std::string{"Fatal: unable to open config file: Stat: No user exists with the provided access key ID.\n"} +
    kNoRepository;
const std::string kUnknown =
    std::string{
        "Fatal: unable to open config file: Stat: The Access Key Id you provided does not exist in our records.\n"} +
    kNoRepository;
const std::string kBucket =
    std::string{"Fatal: unable to open config file: Stat: The specified bucket does not exist.\n"} + kNoRepository;
const std::string kNothing =
    std::string{"Fatal: unable to open config file: Stat: The specified key does not exist.\n"} + kNoRepository;
const std::string kDown =
    std::string{
        "Fatal: unable to open config file: Stat: Get \"http://127.0.0.1:18092/backups/?location=\": dial tcp "
        "127.0.0.1:18092: "
        "connect: connection refused\n"} +
    kNoRepository;

INSTANTIATE_TEST_SUITE_P(
    OfRestic, Complaint,
    testing::Values(Said{"Fatal: wrong password or no key found\n", Code::Invalid, "passwordSecretRef"},
                    Said{kSignature.c_str(), Code::Invalid, "credentialsSecretRef"},
                    Said{kNoUser.c_str(), Code::Invalid, "credentialsSecretRef"},
                    Said{kUnknown.c_str(), Code::Invalid, "credentialsSecretRef"},
                    Said{kBucket.c_str(), Code::Invalid, "no such bucket"},
                    Said{kNothing.c_str(), Code::NotFound, "no repository yet"},
                    Said{kDown.c_str(), Code::Unavailable, "does not answer"},
                    Said{"Fatal: unable to create lock in backend: repository is already locked exclusively by PID 7\n",
                         Code::Busy, "locked"},
                    Said{"Fatal: create repository at /tmp/r failed: config file already exists\n\n", Code::Conflict,
                         "already"},
                    Said{"invalid id \"deadbeef\": no matching ID found for prefix \"deadbeef\"\n", Code::NotFound,
                         "no such snapshot"}));

// Of a volume's server.
const std::string kNone =
    "Fatal: unable to open config file: <config/> does not exist\nIs there a repository at the following "
    "location?\nrest:https://cutline:***@10.0.0.7:7078/\n";
const std::string kKeys =
    "Fatal: unable to open config file: unexpected HTTP response (401): 401 Unauthorized\nIs there a repository at the "
    "following location?\nrest:https://cutline:***@10.0.0.7:7078/\n";
const std::string kImpostor =
    "Fatal: unable to open config file: client.Head: Head \"https://cutline:***@10.0.0.7:7078/config\": x509: "
    "certificate signed by unknown authority\n";

INSTANTIATE_TEST_SUITE_P(
    OfAVolume, Complaint,
    testing::Values(Said{kNone.c_str(), Code::NotFound, "no repository yet"},
                    Said{kKeys.c_str(), Code::Invalid, "refuses the keys"},
                    Said{kImpostor.c_str(), Code::Invalid, "certificate is not trusted"},
                    Said{"Fatal: create repository at rest:https://cutline:***@10.0.0.7:7078/ failed: Fatal: server "
                         "response unexpected: 500 Internal Server Error (500)\n",
                         Code::Unavailable, "user 65532"},
                    Said{"List(key) returned error, retrying after 1s: List failed, server response: 500 Internal "
                         "Server Error (500)\n",
                         Code::Unavailable, "user 65532"},
                    Said{"Save(<data/01fd>) returned error, retrying after 1s: server response unexpected: 507 "
                         "Insufficient Storage (507)\n",
                         Code::Exhausted, "full"},
                    Said{"Fatal: create repository at rest:https://cutline:***@10.0.0.7:7078/ failed: Fatal: config "
                         "file already exists\n",
                         Code::Conflict, "already"}));

TEST(Complaints, TheStoreBeingFullCountsMoreThanThatItIsTriedAgain) {
  const auto known = understand(
      "Save(<data/1>) returned error, retrying after 1s: client.PutObject: write: no space left on device\n");
  ASSERT_TRUE(known);
  EXPECT_EQ(known->code, Code::Exhausted);
}

TEST(Complaints, WhatIsNotKnownIsNoTroubleUntilItEndsTheProgram) {
  EXPECT_FALSE(understand("something new\n"));
  const auto why = why_failed({.code = 1, .said = {}, .complained = "first\nsomething new\n"});
  EXPECT_EQ(why.code, Code::Internal);
  EXPECT_THAT(why.message, testing::HasSubstr("something new"));
  const auto other = why_failed({.code = 1,
                                 .said = {},
                                 .complained = "Fatal: unable to open config file: a new trouble\nIs there a "
                                               "repository at the following location?\ns3:x\n"});
  EXPECT_EQ(other.code, Code::Internal) << "taken for an empty repository, one would be made";
  EXPECT_THAT(other.message, testing::HasSubstr("a new trouble"));
}

TEST(Complaints, OfALockThatWentWhileItWasReadAreToldFromOthers) {
  EXPECT_TRUE(
      tells_of_a_lock_that_went("Load(<lock/e4eacfa43f>, 0, 0) returned error, retrying after 15.394871241s: The "
                                "specified key does not exist.\n"));
  EXPECT_TRUE(
      tells_of_a_lock_that_went("Load(<lock/e4eacfa43f>, 0, 0) returned error, retrying after 1s: open /r/locks/e4: no "
                                "such file or directory\n"));
  EXPECT_FALSE(
      tells_of_a_lock_that_went("Load(<lock/e4eacfa43f>, 0, 0) returned error, retrying after 1s: dial tcp "
                                "127.0.0.1:1: connect: connection refused\n"));
  EXPECT_FALSE(tells_of_a_lock_that_went(
      "Load(<data/e4eacfa43f>, 0, 0) returned error, retrying after 1s: The specified key does not exist.\n"));
}

TEST(Complaints, OfDataThatIsNotThereTellOfDamageAndNotOfAStoreThatIsAway) {
  const auto pack = understand(
      "pack 9fc7: does not exist\nLoad(<data/9fc7>, 246, 0) returned error, retrying after 1s: The specified key does "
      "not exist.\n");
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack->code, Code::Corrupt);
  EXPECT_THAT(pack->message, testing::HasSubstr("pack 9fc7"));
  const auto load =
      understand("Load(<data/9fc7>, 246, 0) returned error, retrying after 1s: The specified key does not exist.\n");
  ASSERT_TRUE(load);
  EXPECT_EQ(load->code, Code::Corrupt);
  const auto away = understand(
      "Load(<data/9fc7>, 246, 0) returned error, retrying after 1s: dial tcp: connect: connection refused\n");
  ASSERT_TRUE(away);
  EXPECT_EQ(away->code, Code::Unavailable);
}

TEST(Complaints, OfACheckNameTheFirstDamage) {
  const auto why = why_failed({.code = 1,
                               .said = "load indexes\n",
                               .complained = "Load(<data/9fc7>, 2, 0) returned error, retrying after 1s: unexpected "
                                             "EOF\npack 9fc7: does not exist\nFatal: repository contains errors\n"});
  EXPECT_EQ(why.code, Code::Corrupt);
  EXPECT_THAT(why.message, testing::HasSubstr("pack 9fc7: does not exist"));
}

TEST(BackupLines, TellHowFarItIs) {
  const auto going = last_status(R"({"message_type":"status","percent_done":0,"total_files":1,"total_bytes":10}
{"message_type":"status","seconds_elapsed":1,"percent_done":0.5,"total_files":2,"files_done":1,"total_bytes":3000000,"bytes_done":1500000,"current_files":["/a"]}
)");
  ASSERT_TRUE(going);
  EXPECT_EQ(value(going->done), 1'500'000U);
  EXPECT_EQ(value(going->total), 3'000'000U);
  EXPECT_FALSE(last_status("repository opened\n"));
}

TEST(BackupLines, EndWithASummary) {
  const auto kept = summary(R"({"message_type":"status","percent_done":0,"total_files":1,"total_bytes":3000000}
{"message_type":"summary","files_new":2,"data_blobs":5,"tree_blobs":2,"data_added":3001248,"total_files_processed":2,"total_bytes_processed":3000003,"total_duration":0.3,"snapshot_id":"35a27c81"}
)");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->id, "35a27c81");
  EXPECT_EQ(value(kept->bytes), 3'000'003U);
  EXPECT_EQ(value(kept->added), 3'001'248U);
  EXPECT_FALSE(summary("{\"message_type\":\"status\"}\n"));
}

TEST(SnapshotLists, AreReadOldestFirstAndMayBeEmpty) {
  const auto found = snapshots(
      R"([{"time":"2026-11-26T05:55:04Z","paths":["/a"],"hostname":"h","tags":["a=1","b=2"],"id":"b0","short_id":"b"},
{"time":"2026-11-26T05:55:03Z","paths":["/a"],"hostname":"h","id":"35","short_id":"3"}])");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).id, "35");
  EXPECT_THAT(found->at(1).tags, testing::ElementsAre("a=1", "b=2"));
  EXPECT_TRUE(snapshots("null")->empty());
  EXPECT_FALSE(snapshots("["));
}

}  // namespace
}  // namespace cutline::repository
