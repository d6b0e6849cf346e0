#include "sidecar/launchers/known.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace cutline::sidecar {
namespace {

TEST(KnownLaunchers, WhatIsWrittenIsReadBack) {
  const Known known{Millis{30'000}, {{"app", "boot/12/345"}, {"db", "boot/13/346"}}};
  const auto back = known_from_json(to_json(known));
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(*back, known);
}

TEST(KnownLaunchers, WhatIsNoRecordIsRefused) {
  for (const char* text :
       {"", "{}", "[]", R"({"graceMillis": "long", "launchers": {}})", R"({"graceMillis": 1, "launchers": {"a": 1}})"})
    EXPECT_FALSE(known_from_json(text)) << text;
}

TEST(KnownLaunchers, AProcessHasOneIdentityAndAnotherProcessAnother) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::pause());
  EXPECT_EQ(identity_of(::getpid()), identity_of(::getpid()));
  EXPECT_NE(identity_of(::getpid()), identity_of(child));
  EXPECT_FALSE(identity_of(child).empty());
  (void)::kill(child, SIGKILL);
  (void)::waitpid(child, nullptr, 0);
  EXPECT_TRUE(identity_of(child).empty());
}

TEST(KnownLaunchers, AnEndIsDescribedByItsStatusOrItsSignal) {
  EXPECT_EQ(describe_end(0), "exited with status 0");
  EXPECT_EQ(describe_end(3 << 8), "exited with status 3");
  EXPECT_EQ(describe_end(SIGKILL), "killed by signal 9 (Killed)");
  EXPECT_EQ(describe_end(SIGSEGV | 0x80), "killed by signal 11 (Segmentation fault)");  // with a core
}

}  // namespace
}  // namespace cutline::sidecar
