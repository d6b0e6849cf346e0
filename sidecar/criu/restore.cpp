#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sidecar/cgroup/tasks.hpp"
#include "sidecar/criu/arguments.hpp"
#include "sidecar/criu/complaint.hpp"
#include "sidecar/criu/exit_watch.hpp"
#include "sidecar/criu/inside.hpp"
#include "sidecar/criu/numbers.hpp"
#include "sidecar/criu/runner.hpp"

namespace cutline::criu {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRestoreLog = "restore.log";
constexpr Millis kCleanUp{2000};

struct Inherited {
  ino_t inode;
  Fd fd;
};

// The launcher's end of a standard stream, opened anew. Non-blocking, because opening a pipe that nobody reads would
// wait for ever.
Result<Fd> open_stream(pid_t launcher, int fd) {
  const auto path = fmt::format("/proc/{}/fd/{}", launcher, fd);
  auto out = open_file(path, (fd == 0 ? O_RDONLY : O_WRONLY) | O_NONBLOCK);
  if (!out) return forward(out, "standard stream of the container");
  if (::fcntl(out->get(), F_SETFL, 0) != 0) return fail_errno(errno, "standard stream of the container");
  return out;
}

Result<std::vector<Inherited>> open_streams(pid_t launcher, const std::vector<Stream>& streams) {
  std::vector<Inherited> out;
  for (const auto& stream : streams) {
    if (std::ranges::any_of(out, [&](const auto& known) { return known.inode == stream.inode; })) continue;
    auto fd = open_stream(launcher, stream.fd);
    if (!fd) return tl::unexpected(fd.error());
    out.push_back({stream.inode, std::move(*fd)});
  }
  return out;
}

Result<Record> read_record(const std::string& images) {
  const auto text = read_file(images + "/" + kRecordFile, 16U << 20U);
  if (!text) return tl::unexpected(text.error());
  return from_json(*text);
}

// BEFORE anything else is started: the thread and the CRIU process that follow take process numbers as well.
Status reserve_numbers(const Record& record) {
  reap(record.numbers);  // of an earlier restore
  if (auto kept = keep_above(record.numbers.back()); !kept) return forward(kept, "reserve process numbers");
  return all_free(record.numbers);
}

// The numbers were free before: whoever has one now was begun by CRIU, or is what CRIU did not reap.
Status end_rest(cgroup::Freezer& freezer, const Record& record) {
  const auto deadline = Deadline::after(kCleanUp);
  if (auto killed = freezer.kill_all(deadline); !killed) return killed;
  for (const auto number : record.numbers) (void)::kill(number, SIGKILL);
  return cgroup::wait_gone(record.numbers, deadline);
}

Result<RestoreReport> report(pid_t root, Instant start) {
  Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, root, 0))};
  if (!pidfd) return fail_errno(errno, fmt::format("restored process {}", root));
  return RestoreReport{root, std::move(pidfd), std::chrono::duration_cast<Micros>(Clock::now() - start)};
}

// Everything that is opened before CRIU starts, and must stay open while it runs.
struct Opened {
  std::vector<Inherited> streams;
  Fd images;
  Fd work;
  std::vector<Fd> entrances;
};

Result<Opened> open_all(const RestoreRequest& request, const std::string& work_folder, const Record& record) {
  auto streams = open_streams(request.launcher, record.streams);
  if (!streams) return tl::unexpected(streams.error());
  auto images = open_file(request.images, O_RDONLY | O_DIRECTORY);
  if (!images) return tl::unexpected(images.error());
  auto work = open_file(work_folder, O_RDONLY | O_DIRECTORY);
  if (!work) return tl::unexpected(work.error());
  auto entrances = request.freezer.entrances();
  if (!entrances) return tl::unexpected(entrances.error());
  return Opened{std::move(*streams), std::move(*images), std::move(*work), std::move(*entrances)};
}

Child command(const Bundle& bundle, const Opened& opened, pid_t root) {
  auto child = criu_child(bundle, "restore", opened.images.get(), opened.work.get(), kRestoreLog);
  child.dies_with_caller = true;  // what it has begun is no use to anybody
  child.arguments.emplace_back("--restore-detached");
  child.environment.push_back(fmt::format("CUTLINE_ROOT={}", root));
  for (const auto& entrance : opened.entrances) child.entrances.push_back(entrance.get());
  for (const auto& [inode, fd] : opened.streams) {
    const auto number = child.inherit_number(fd.get());
    child.arguments.insert(child.arguments.end(), {"--inherit-fd", fmt::format("fd[{}]:pipe:[{}]", number, inode)});
  }
  return child;
}

}  // namespace

Result<RestoreReport> Runner::restore(const RestoreRequest& request, Deadline deadline) const {
  const auto start = Clock::now();
  const auto record = read_record(request.images);
  if (!record) return tl::unexpected(record.error());
  if (auto reserved = reserve_numbers(*record); !reserved) return tl::unexpected(reserved.error());
  const auto& work_folder = request.work.empty() ? request.images : request.work;
  const auto opened = open_all(request, work_folder, *record);
  if (!opened) return tl::unexpected(opened.error());
  const auto inside = Namespaces::of(request.launcher);
  if (!inside) return tl::unexpected(inside.error());

  const auto child = command(bundle_, *opened, record->root);
  Result<Ended> outcome = Ended{};
  if (auto ran = inside->run(false, [&] { outcome = child.run(deadline); }); !ran) return tl::unexpected(ran.error());
  if (outcome && outcome->code == 0) return report(record->root, start);

  // CRIU ends what it had started when it fails, but not when it is killed.
  if (auto ended = end_rest(request.freezer, *record); !ended) return forward(ended, "end what a failed restore left");
  if (!outcome) return forward(outcome, "restore");
  return tl::unexpected(complaint(read_file(work_folder + "/" + kRestoreLog).value_or(""), *outcome));
}

}  // namespace cutline::criu
