#include "sidecar/criu/complaint.hpp"

#include <gtest/gtest.h>

namespace cutline::criu {
namespace {

Error of(std::string_view log) { return complaint(log, {.code = 1}); }
bool says(const Error& error, std::string_view part) { return error.message.find(part) != std::string::npos; }

TEST(Complaint, AKnownMessageBecomesASentenceWithItsRemedyAndKeepsCriusWords) {
  const auto error =
      of("(00.01) Dumping\n(00.02) Error (criu/sk-inet.c:140): inet: Unsupported proto 262 for socket 1\n");
  EXPECT_EQ(error.code, Code::Unsupported);
  EXPECT_TRUE(says(error, "GODEBUG=multipathtcp=0")) << error.message;
  EXPECT_TRUE(says(error, "[CRIU: inet: Unsupported proto 262 for socket 1]")) << error.message;
}

TEST(Complaint, WhatIsSpecificWinsOverWhatItCauses) {
  const auto error =
      of("Error (criu/files-reg.c:1): Can't open file data/x on restore: No such file\n"
         "Error (criu/files-reg.c:2): File data/y has bad size 16084 (expect 7548)\n");
  EXPECT_EQ(error.code, Code::Corrupt);
  EXPECT_TRUE(says(error, "has bad size")) << error.message;
}

TEST(Complaint, OfUnknownMessagesTheFirstIsQuotedBecauseTheOthersFollowFromIt) {
  const auto error = of("Error (criu/a.c:1): Cannot frobnicate\nError (criu/b.c:2): Dumping FAILED.\n");
  EXPECT_EQ(error.code, Code::Internal);
  EXPECT_EQ(error.message, "CRIU failed: Cannot frobnicate");
}

TEST(Complaint, WhatEveryRunSaysIsNotTheReason) {
  const auto error =
      of("(00.01) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted\n"
         "(00.02) Error (criu/a.c:1): Cannot frobnicate\n");
  EXPECT_EQ(error.message, "CRIU failed: Cannot frobnicate");
}

TEST(Complaint, AWarningIsNoError) {
  const auto error = complaint("(00.01) Warn  (criu/a.c:1): io_uring\n", {.code = 1, .said = "no such option"});
  EXPECT_EQ(error.message, "CRIU failed with exit code 1: no such option");
}

TEST(Complaint, ASilentDeathIsNamed) { EXPECT_EQ(complaint("", {.code = 139}).message, "CRIU was ended by signal 11"); }

}  // namespace
}  // namespace cutline::criu
