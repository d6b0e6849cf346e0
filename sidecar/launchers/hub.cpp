#include "sidecar/launchers/hub.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.hpp"
#include "sidecar/criu/numbers.hpp"

namespace cutline::sidecar {
namespace {

using launcher::Phase;

// Containers start their applications in ranges of their own, so that their numbers stay apart.
constexpr pid_t kRange = 1000;

constexpr std::chrono::seconds kReconnect{10};

// Without it, whoever comes is taken for what should be there.
Known read_record(const std::string& file) {
  if (file.empty() || ::access(file.c_str(), F_OK) != 0) return {};
  const auto text = read_file(file);
  auto known = text ? known_from_json(*text) : tl::unexpected(text.error());
  if (known) return *std::move(known);
  log::warn("what was known of launchers is lost", {{"error", known.error()}});
  return {};
}

int wait_status(const criu::Exit& exit) { return exit.signal != 0 ? exit.signal : exit.code << 8; }

}  // namespace

struct Hub::Entry {
  Connection connection;
  Container container;                   // named by its hello
  std::optional<criu::ExitWatch> watch;  // of an adopted keeper
  bool ended = false;
  bool guarded = false;
  bool unguarded = false;
  bool held = false;
  std::string identity;  // of the launcher
  std::string failure;   // empty: the application is what it should be
};

Hub::Hub(HubOptions options, Fd listener, Fd wake, Known known)
    : options_(std::move(options)),
      listener_(std::move(listener)),
      wake_(std::move(wake)),
      known_(known),
      written_(std::move(known)),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

Result<std::unique_ptr<Hub>> Hub::start(HubOptions options) {
  auto listener = listen_unix(options.socket);
  if (!listener) return tl::unexpected(listener.error());
  Fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake) return fail_errno(errno, "eventfd");
  auto known = read_record(options.record);
  return std::unique_ptr<Hub>{new Hub{std::move(options), std::move(*listener), std::move(wake), std::move(known)}};
}

Hub::~Hub() {
  thread_.request_stop();
  ring();
}

void Hub::ring() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

// ---- the thread that serves -----------------------------------------------------------------------------------------

void Hub::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> fds{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    std::vector<Entry*> of;
    {
      const std::scoped_lock lock{mutex_};
      for (const auto& entry : entries_) {
        fds.push_back({entry->connection.fd(), POLLIN, 0});
        fds.push_back({entry->watch ? entry->watch->fd() : -1, POLLIN, 0});
        of.push_back(entry.get());
      }
    }
    if (::poll(fds.data(), fds.size(), 10'000) < 0) continue;
    std::uint64_t rings = 0;
    if (fds[0].revents != 0) (void)!::read(wake_.get(), &rings, sizeof rings);
    {
      const std::scoped_lock lock{mutex_};
      for (std::size_t i = 0; i < of.size(); ++i) {
        if (fds[2 + 2 * i].revents != 0) hear(*of[i]);
        if (fds[3 + 2 * i].revents != 0) watch_end(*of[i]);
      }
      forget_ended();
      if (fds[1].revents != 0) welcome();
      answered_.notify_all();
    }
    write_record();
  }
}

// Outside of the lock: a disk may be slow.
void Hub::write_record() {
  {
    const std::scoped_lock lock{mutex_};
    if (known_ == written_) return;
    written_ = known_;
  }
  if (options_.record.empty()) return;
  if (auto done = replace_file(options_.record, to_json(written_)); !done)
    log::warn("launchers not recorded", {{"error", done.error()}});
}

void Hub::welcome() {
  auto connection = Connection::accept(listener_.get(), options_.program);
  if (!connection) return log::warn("launcher turned away", {{"error", connection.error()}});
  auto identity = identity_of(connection->peer());
  entries_.push_back(
      std::make_unique<Entry>(Entry{.connection = std::move(*connection), .identity = std::move(identity)}));
}

void Hub::hear(Entry& entry) {
  const auto messages = entry.connection.receive();
  if (!messages) {
    entry.ended = true;
    log::info("launcher gone", {{"container", entry.container.name}, {"reason", messages.error()}});
    return;
  }
  for (const auto& message : *messages)
    std::visit(overloaded{[&](const launcher::Hello& m) { on(entry, m); },
                          [&](const launcher::KeeperForked& m) { on(entry, m); },
                          [&](const launcher::Ended& m) { on(entry, m); },
                          [&](const launcher::Guarded&) { entry.guarded = true; },
                          [&](const launcher::Unguarded&) { entry.unguarded = true; },
                          [&](const launcher::Held&) {
                            entry.held = true;
                            entry.container.phase = Phase::Holding;
                          },
                          [&](const launcher::Fired&) {
                            log::warn("a launcher had to thaw its tree", {{"container", entry.container.name}});
                          }},
               message);
}

void Hub::on(Entry& entry, const launcher::Hello& hello) {
  const std::string name{hello.container.view()};
  const auto* known = find(name);
  const bool expected =
      options_.expected.empty() || std::ranges::find(options_.expected, name) != options_.expected.end();
  if (!expected || (known != nullptr && known != &entry)) {
    log::warn("launcher turned away",
              {{"container", name}, {"error", expected ? "its container has one already" : "no such container"}});
    entry.ended = true;
    return;
  }
  auto freezer = cgroup::Freezer::open(entry.connection.peer());
  if (!freezer) {
    log::error("no freezer", {{"container", name}, {"error", freezer.error()}});
    entry.ended = true;
    return;
  }
  entry.container = {name, entry.connection.peer(), hello.keeper,
                     std::make_shared<cgroup::Freezer>(std::move(*freezer)), hello.phase};
  log::info("launcher here", {{"container", name}, {"launcher", entry.container.launcher}, {"keeper", hello.keeper}});
  if (known_.launchers.try_emplace(name, entry.identity).first->second != entry.identity) entry.failure = "restarted";
  (void)entry.connection.send(launcher::Grace{known_.grace});
  // No round has begun on this connection. A CRIU that outlived a killed sidecar for a moment may have frozen the tree
  // once more, after the launcher had thawed it.
  if (entry.container.freezer->frozen().value_or(false)) {
    log::warn("a frozen tree was left behind, thawed", {{"container", name}});
    if (auto thawed = entry.container.freezer->thaw(); !thawed)
      log::error("not thawed", {{"container", name}, {"error", thawed.error()}});
  }
  if (hello.phase == Phase::Starting && hello.keeper == 0) {
    const auto place = std::ranges::find(options_.expected, name) - options_.expected.begin();
    if (auto above = criu::keep_above(static_cast<pid_t>(kRange * (place + 1))); !above)
      log::warn("process numbers", {{"error", above.error()}});
    (void)entry.connection.send(launcher::Start{});
  }
  if (hello.phase == Phase::Adopted) {  // by a sidecar before this one
    if (auto watch = criu::ExitWatch::of(hello.keeper)) entry.watch.emplace(std::move(*watch));
  }
}

void Hub::on(Entry& entry, const launcher::KeeperForked& forked) {
  if (!entry.container.freezer) return;
  entry.container.keeper = forked.pid;
  if (auto added = entry.container.freezer->add(forked.pid); !added) {
    log::error("keeper not placed: this container cannot be saved",
               {{"container", entry.container.name}, {"error", added.error()}});
  }
  entry.container.phase = Phase::Running;
  (void)entry.connection.send(launcher::Go{});
}

void Hub::on(Entry& entry, const launcher::Ended& ended) {
  entry.failure = describe_end(ended.status);
  entry.container.phase = Phase::Ended;
  entry.container.keeper = 0;
  entry.watch.reset();
  log::info("application ended", {{"container", entry.container.name}, {"how", entry.failure}});
}

void Hub::watch_end(Entry& entry) {
  if (!entry.watch) return;
  const auto exit = entry.watch->poll();
  if (exit && !*exit) return;
  const int status = exit ? wait_status(**exit) : 137;
  if (entry.container.phase == Phase::Adopted) (void)entry.connection.send(launcher::Exit{status});
  entry.container.keeper = 0;
  entry.watch.reset();
}

void Hub::forget_ended() {
  std::erase_if(entries_, [](const auto& entry) { return entry->ended; });
}

Hub::Entry* Hub::find(const std::string& name) const {
  const auto found =
      std::ranges::find_if(entries_, [&](const auto& e) { return e->container.name == name && !e->ended; });
  return found == entries_.end() ? nullptr : found->get();
}

// ---- what rounds ask ------------------------------------------------------------------------------------------------

Result<std::vector<Container>> Hub::containers() const {
  std::unique_lock lock{mutex_};
  // A sidecar that has just started again is asked before its launchers have come back.
  const auto all_here = [&] {
    return std::ranges::all_of(options_.expected, [&](const auto& name) { return find(name) != nullptr; });
  };
  (void)answered_.wait_until(lock, started_ + kReconnect, all_here);
  std::vector<Container> out;
  for (const auto& entry : entries_)
    if (!entry->container.name.empty()) out.push_back(entry->container);
  for (const auto& name : options_.expected)
    if (find(name) == nullptr) return fail(Code::Unavailable, "container {} is not running under its launcher", name);
  if (out.empty()) return fail(Code::Unavailable, "no container is running under a launcher");
  std::ranges::sort(out, {}, &Container::name);
  return out;
}

template <class Flag, class Send>
Status Hub::tell_all(Flag flag, Send send, Deadline deadline, std::string_view what) {
  std::unique_lock lock{mutex_};
  for (const auto& entry : entries_) {
    if (entry->container.name.empty()) continue;
    (*entry).*flag = false;
    if (auto sent = send(*entry); !sent) return forward(sent, fmt::format("{} {}", what, entry->container.name));
  }
  const auto all = [&] {
    return std::ranges::all_of(entries_, [&](const auto& e) { return e->container.name.empty() || (*e).*flag; });
  };
  if (!answered_.wait_until(lock, deadline.instant(), all))
    return fail(Code::Timeout, "{}: a launcher did not answer", what);
  return {};
}

Status Hub::guard(Millis limit, Deadline deadline) {
  const auto send = [&](Entry& entry) -> Status {
    const auto state = entry.container.freezer->state_fd();
    if (!state) return tl::unexpected(state.error());
    const auto word = launcher::Word::of(entry.container.freezer->thaw_word());
    return entry.connection.send(launcher::Guard{limit, *word}, state->get());
  };
  return tell_all(&Entry::guarded, send, deadline, "guard");
}

Status Hub::unguard(Deadline deadline) {
  return tell_all(
      &Entry::unguarded, [](Entry& entry) { return entry.connection.send(launcher::Unguard{}); }, deadline, "unguard");
}

Status Hub::hold(Deadline deadline) {
  const auto send = [](Entry& entry) {
    entry.watch.reset();  // its end is ours from here
    return entry.connection.send(launcher::Hold{});
  };
  return tell_all(&Entry::held, send, deadline, "hold");
}

Status Hub::adopt(const std::string& container, criu::ExitWatch watch) {
  {
    const std::scoped_lock lock{mutex_};
    auto* entry = find(container);
    if (entry == nullptr) return fail(Code::Unavailable, "container {} is not running under its launcher", container);
    entry->container.keeper = watch.pid();
    entry->container.phase = Phase::Adopted;
    if (auto sent = entry->connection.send(launcher::Adopt{watch.pid()}); !sent) return sent;
    entry->watch.emplace(std::move(watch));
    accept(*entry);
  }
  ring();
  return {};
}

// ---- failures -------------------------------------------------------------------------------------------------------

void Hub::accept(Entry& entry) {
  entry.failure.clear();
  known_.launchers[entry.container.name] = entry.identity;
}

void Hub::accept_all() {
  for (const auto& entry : entries_)
    if (!entry->container.name.empty() && entry->container.phase != Phase::Ended) accept(*entry);
}

void Hub::set_grace(Millis grace) {
  {
    const std::scoped_lock lock{mutex_};
    if (grace == known_.grace) return;
    if (std::exchange(known_.grace, grace) == Millis{0}) accept_all();
    for (const auto& entry : entries_)
      if (!entry->container.name.empty()) (void)entry->connection.send(launcher::Grace{grace});
  }
  ring();
}

void Hub::saved() {
  {
    const std::scoped_lock lock{mutex_};
    accept_all();
  }
  ring();
}

std::vector<protocol::Failure> Hub::failures() const {
  const std::scoped_lock lock{mutex_};
  std::vector<protocol::Failure> out;
  for (const auto& entry : entries_)
    if (!entry->failure.empty() && !entry->ended) out.push_back({entry->container.name, entry->failure});
  std::ranges::sort(out, {}, &protocol::Failure::container);
  return out;
}

}  // namespace cutline::sidecar
