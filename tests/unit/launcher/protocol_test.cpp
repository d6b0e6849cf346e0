#include "launcher/protocol.hpp"

#include <gtest/gtest.h>

namespace cutline::launcher {
namespace {

std::string_view without_newline(const Line& line) {
  auto text = line.view();
  EXPECT_TRUE(text.ends_with('\n'));
  text.remove_suffix(1);
  return text;
}

TEST(LauncherProtocol, EveryMessageToTheSidecarIsReadBackAsItWasWritten) {
  const ToSidecar all[] = {Hello{*Name::of("db"), 41, Phase::Holding},
                           Hello{*Name::of("web"), 0, Phase::Starting},
                           KeeperForked{7},
                           Guarded{},
                           Fired{},
                           Unguarded{},
                           Held{},
                           Ended{139}};
  for (const auto& message : all) EXPECT_EQ(parse_to_sidecar(without_newline(format(message))), message);
}

TEST(LauncherProtocol, EveryMessageToTheLauncherIsReadBackAsItWasWritten) {
  const ToLauncher all[] = {Start{},      Go{},      Guard{std::chrono::milliseconds{5000}, *Word::of("THAWED")},
                            Unguard{},    Hold{},    Unhold{},
                            Adopt{12345}, Exit{139}, Grace{std::chrono::milliseconds{30'000}}};
  for (const auto& message : all) EXPECT_EQ(parse_to_launcher(without_newline(format(message))), message);
}

TEST(LauncherProtocol, TheLinesAreThoseOfTheDocument) {
  EXPECT_EQ(format(ToSidecar{Hello{*Name::of("db"), 0, Phase::Starting}}).view(), "hello db 0 starting\n");
  EXPECT_EQ(format(ToLauncher{Guard{std::chrono::milliseconds{5000}, *Word::of("THAWED")}}).view(),
            "guard 5000 THAWED\n");
}

TEST(LauncherProtocol, ALineThatIsNotExactlyAMessageIsNone) {
  for (const char* line :
       {"", " ", "go ", " go", "go now", "start\r", "guard 5 ", "guard x THAWED", "guard -5 THAWED", "guard 5 A B",
        "adopt 0", "adopt -1", "adopt 99999999999", "exit", "grace -1", "hello db 0 starting",
        "guard 5 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    EXPECT_FALSE(parse_to_launcher(line)) << line;
  for (const char* line :
       {"hello db 0", "hello db 0 sleeping", "hello db x running", "hello  0 running", "keeper", "keeper 1 2", "go"})
    EXPECT_FALSE(parse_to_sidecar(line)) << line;
}

TEST(LauncherProtocol, TheLongestMessageFitsIntoALine) {
  const std::string name(64, 'n');
  const auto line = format(ToSidecar{Hello{*Name::of(name), 2147483647, Phase::Starting}});
  EXPECT_LE(line.view().size(), longest_line);
  EXPECT_EQ(parse_to_sidecar(without_newline(line)), ToSidecar(Hello{*Name::of(name), 2147483647, Phase::Starting}));
}

}  // namespace
}  // namespace cutline::launcher
