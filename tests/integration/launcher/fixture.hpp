// The real launcher against a sidecar's socket that the test itself holds.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include "base/deadline.hpp"
#include "base/fd.hpp"
#include "launcher/protocol.hpp"

namespace cutline::launcher {

struct Fixture : testing::Test {
  Fixture();
  ~Fixture() override;

  // Starts the launcher, with its output and errors going to the files of those names in `folder`.
  void launch(std::vector<std::string> command, std::vector<std::string> environment = {});
  void listen();
  void unlisten();
  // Takes the launcher's next connection; its hello has been read and is returned.
  Hello accept();
  void hang_up() { connection = Fd{}; }
  // accept, start, go.
  void start();

  void say(const ToLauncher& message, int descriptor = -1) const;
  ToSidecar hear();
  template <class M>
  M hear_a() {
    const auto message = hear();
    EXPECT_TRUE(std::holds_alternative<M>(message)) << format(message).view();
    return std::holds_alternative<M>(message) ? std::get<M>(message) : M{};
  }

  // The launcher's wait status.
  int ended();
  void signal(int number) const;
  std::string output() const;
  std::string errors() const;
  // Until the launcher has printed so.
  void await_output(std::string_view text) const;

  static void eventually(const std::function<bool()>& condition, std::string_view what);
  static bool alive(pid_t pid);  // a zombie is alive
  static pid_t parent_of(pid_t pid);

  std::filesystem::path folder;
  pid_t launcher = 0;
  pid_t keeper = 0;
  Fd listener;
  Fd connection;
  std::string received;
};

}  // namespace cutline::launcher
