#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "sidecar/criu/arguments.hpp"
#include "sidecar/criu/complaint.hpp"
#include "sidecar/criu/exit_watch.hpp"
#include "sidecar/criu/inside.hpp"
#include "sidecar/criu/runner.hpp"
#include "sidecar/criu/warm.hpp"

namespace cutline::criu {
namespace {

using Clock = std::chrono::steady_clock;
// CRIU gives up by itself at the deadline, and cures the tasks; only one that hangs is killed, and that may cost a task
// its life.
constexpr Millis kLastResort{3000};
constexpr auto kDumpLog = "dump.log";
constexpr Millis kWarm{30'000};

Child command(const Bundle& bundle, const DumpRequest& request, int images, int channel) {
  auto child = criu_child(bundle, "dump", images, images, kDumpLog);
  const std::initializer_list<std::string> more = {"--leave-running",
                                                   "--network-lock",
                                                   "skip",  // the gate holds the traffic
                                                   "--tree",
                                                   std::to_string(request.root),
                                                   "--freeze-cgroup",
                                                   child.inherit(request.freezer.folder())};
  child.arguments.insert(child.arguments.end(), more);
  child.environment.push_back(fmt::format("CUTLINE_WAIT={}", child.inherit_number(channel)));
  for (const auto& stream : streams_of(request.launcher)) {
    child.arguments.insert(child.arguments.end(), {"--external", fmt::format("pipe[{}]", stream.inode)});
  }
  return child;
}

struct Channel {
  Fd ours;
  Fd theirs;
};

Result<Channel> make_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  return Channel{Fd{ends[0]}, Fd{ends[1]}};
}

// true: it waits. false: it has ended, or its channel has.
Result<bool> wait_ready(int channel, Deadline deadline) {
  pollfd poll{channel, POLLIN, 0};
  while (!deadline.passed()) {
    if (::poll(&poll, 1, static_cast<int>(deadline.left().count())) <= 0) continue;
    char ready = 0;
    return ::read(channel, &ready, 1) == 1;
  }
  return fail(Code::Timeout, "CRIU did not start in time");
}

// Whatever happens to it, its end says it.
void let_go(int channel, Deadline deadline) {
  const std::int64_t until =
      std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.instant().time_since_epoch()).count();
  (void)::send(channel, &until, sizeof until, MSG_NOSIGNAL);
}

// While CRIU works: the tree stands still, both only read.
Result<Record> observe(const DumpRequest& request) {
  const auto tids = request.freezer.tids();
  if (!tids) return tl::unexpected(tids.error());
  return criu::observe(request.root, request.launcher, *tids);
}

Error why(const DumpRequest& request, const Ended& ended) {
  return complaint(read_file(request.images + "/" + kDumpLog).value_or(""), ended);
}

Bytes size_of(const std::string& folder) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto size = entry.file_size(error);
    if (!error) sum += size;
  }
  return Bytes{sum};
}

}  // namespace

Result<Runner> Runner::open(const std::string& bundle, const std::string& cache) {
  auto opened = open_bundle(bundle, cache);
  if (!opened) return tl::unexpected(opened.error());
  if (auto adopted = adopt_orphans(); !adopted) return tl::unexpected(adopted.error());
  if (auto warmed = warm(*opened, Deadline::after(kWarm)); !warmed) return tl::unexpected(warmed.error());
  return Runner{std::move(*opened)};
}

Result<PreparedDump> Runner::prepare(const DumpRequest& request, Deadline deadline) const {
  auto images = open_file(request.images, O_RDONLY | O_DIRECTORY);
  if (!images) return tl::unexpected(images.error());
  auto inside = Namespaces::of(request.root);
  if (!inside) return tl::unexpected(inside.error());
  const auto system_v = inside->system_v();
  if (!system_v) return tl::unexpected(system_v.error());
  auto channel = make_channel();
  if (!channel) return tl::unexpected(channel.error());

  const auto child = command(bundle_, request, images->get(), channel->theirs.get());
  std::optional<Result<Running>> started;
  if (auto ran = inside->run(*system_v, [&] { started.emplace(child.start()); }); !ran)
    return tl::unexpected(ran.error());
  auto& running = *started;
  if (!running) return tl::unexpected(running.error());
  channel->theirs.reset();
  const auto ready = wait_ready(channel->ours.get(), deadline);
  if (!ready) return tl::unexpected(ready.error());
  if (!*ready) {
    const auto ended = running->wait(deadline);
    return tl::unexpected(ended ? why(request, *ended) : ended.error());
  }
  return PreparedDump{request, *std::move(running), std::move(channel->ours), *std::move(inside), *system_v};
}

Result<DumpReport> Runner::dump(PreparedDump prepared, Deadline deadline) const {
  const auto start = Clock::now();
  const auto& request = prepared.request_;
  const auto system_v = prepared.inside_.system_v();
  if (!system_v) return tl::unexpected(system_v.error());
  if (*system_v != prepared.system_v_) return dump(request, deadline);  // it stands in the wrong IPC namespace

  let_go(prepared.channel_.get(), deadline);
  auto record = observe(request);
  const auto ended = prepared.running_.wait(Deadline::at(deadline.instant() + kLastResort));
  if (!ended) return forward(ended, "dump");
  if (ended->code != 0) return tl::unexpected(why(request, *ended));
  if (!record) return tl::unexpected(record.error());
  const auto file = open_file(request.images + "/" + kRecordFile, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file) return tl::unexpected(file.error());
  if (auto written = write_all(file->get(), to_json(*record)); !written) return forward(written, kRecordFile);
  return DumpReport{*std::move(record), size_of(request.images), since(start)};
}

Result<DumpReport> Runner::dump(const DumpRequest& request, Deadline deadline) const {
  auto prepared = prepare(request, deadline);
  if (!prepared) return forward(prepared, "dump");
  return dump(*std::move(prepared), deadline);
}

}  // namespace cutline::criu
