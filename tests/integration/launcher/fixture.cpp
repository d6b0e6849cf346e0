#include "fixture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace cutline::launcher {
namespace {

constexpr Millis budget{10'000};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

void await_readable(int fd, std::string_view what) {
  pollfd ready{fd, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(budget.count())) != 1)
    throw std::runtime_error(fmt::format("nothing came: {}", what));
}

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

std::string contents(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream{file}.rdbuf();
  return out.str();
}

// All that this test started, also what lost its parents: as a subreaper it has become their parent.
void end_all_children() {
  for (;;) {
    std::ifstream children{fmt::format("/proc/self/task/{}/children", ::gettid())};
    for (pid_t child = 0; children >> child;) (void)::kill(child, SIGKILL);
    if (::waitpid(-1, nullptr, 0) < 0) return;
  }
}

}  // namespace

Fixture::Fixture() {
  std::string name = (std::filesystem::temp_directory_path() / "launcher-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder = name;
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

Fixture::~Fixture() {
  end_all_children();
  std::filesystem::remove_all(folder);
}

void Fixture::launch(std::vector<std::string> command, std::vector<std::string> environment) {
  std::vector<std::string> words{LAUNCHER, "--"};
  words.insert(words.end(), command.begin(), command.end());
  environment.push_back("CUTLINE_SOCKET=" + (folder / "s").string());
  environment.push_back("CUTLINE_CONTAINER=db");
  environment.push_back("PATH=/usr/bin:/bin");
  auto argv = pointers(words);
  auto envp = pointers(environment);
  const std::string out = folder / "out", err = folder / "err";
  launcher = ::fork();
  if (launcher != 0) return;
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  (void)::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), 1);
  (void)::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), 2);
  (void)::execve(argv[0], argv.data(), envp.data());
  ::_exit(99);
}

void Fixture::listen() {
  listener = Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto address = address_of(folder / "s");
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
}

void Fixture::unlisten() {
  listener = Fd{};
  std::filesystem::remove(folder / "s");
}

Hello Fixture::accept() {
  if (!listener) listen();
  await_readable(listener.get(), "the launcher's connection");
  connection = Fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  received.clear();
  return hear_a<Hello>();
}

void Fixture::start() {
  (void)accept();
  say(Start{});
  keeper = hear_a<KeeperForked>().pid;
  say(Go{});
}

void Fixture::say(const ToLauncher& message, int descriptor) const {
  const auto line = format(message);
  std::string bytes{line.view()};
  iovec data{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (descriptor >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    auto* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  }
  ASSERT_EQ(::sendmsg(connection.get(), &header, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

ToSidecar Fixture::hear() {
  for (;;) {
    if (const auto newline = received.find('\n'); newline != std::string::npos) {
      const auto line = received.substr(0, newline);
      received.erase(0, newline + 1);
      const auto message = parse_to_sidecar(line);
      if (!message) throw std::runtime_error("no message: " + line);
      return *message;
    }
    await_readable(connection.get(), "a line of the launcher");
    char bytes[256];
    const ssize_t n = ::read(connection.get(), bytes, sizeof bytes);
    if (n <= 0) throw std::runtime_error("the launcher hung up");
    received.append(bytes, static_cast<std::size_t>(n));
  }
}

int Fixture::ended() {
  int status = -1;
  eventually([&] { return ::waitpid(launcher, &status, WNOHANG) == launcher; }, "the launcher's end");
  return status;
}

void Fixture::signal(int number) const { ASSERT_EQ(::kill(launcher, number), 0); }
std::string Fixture::output() const { return contents(folder / "out"); }
std::string Fixture::errors() const { return contents(folder / "err"); }

void Fixture::await_output(std::string_view text) const {
  eventually([&] { return output().find(text) != std::string::npos; }, text);
}

void Fixture::eventually(const std::function<bool()>& condition, std::string_view what) {
  const auto deadline = Deadline::after(budget);
  while (!condition()) {
    if (deadline.passed()) throw std::runtime_error(fmt::format("never came true: {}", what));
    (void)::poll(nullptr, 0, 2);
  }
}

bool Fixture::alive(pid_t pid) { return ::kill(pid, 0) == 0; }

pid_t Fixture::parent_of(pid_t pid) {
  std::ifstream status{fmt::format("/proc/{}/status", pid)};
  for (std::string key; status >> key;) {
    pid_t parent = 0;
    if (key == "PPid:" && status >> parent) return parent;
  }
  return 0;
}

}  // namespace cutline::launcher
