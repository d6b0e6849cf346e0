#include <fcntl.h>

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
constexpr auto kLog = "dump.log";
constexpr Millis kWarm{30'000};

Micros since(Instant start) { return std::chrono::duration_cast<Micros>(Clock::now() - start); }

Child command(const Bundle& bundle, const DumpRequest& request, const Record& record, int images, Deadline deadline) {
  auto child = criu_child(bundle, "dump", images, images, kLog);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(deadline.left()).count();
  const std::initializer_list<std::string> more = {"--leave-running",
                                                   "--network-lock",
                                                   "skip",  // the gate holds the traffic

                                                   "--tree",
                                                   std::to_string(request.root),
                                                   "--freeze-cgroup",
                                                   child.inherit(request.freezer.folder()),
                                                   "--timeout",
                                                   std::to_string(seconds)};
  child.arguments.insert(child.arguments.end(), more);
  const auto until =
      std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.instant().time_since_epoch()).count();
  child.environment.push_back(fmt::format("CUTLINE_DEADLINE={}", until));
  for (const auto& stream : record.streams) {
    child.arguments.insert(child.arguments.end(), {"--external", fmt::format("pipe[{}]", stream.inode)});
  }
  return child;
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

Result<DumpReport> Runner::dump(const DumpRequest& request, Deadline deadline) const {
  const auto start = Clock::now();
  const auto tids = request.freezer.tids();
  if (!tids) return tl::unexpected(tids.error());
  auto record = observe(request.root, request.launcher, *tids);
  if (!record) return tl::unexpected(record.error());
  auto images = open_file(request.images, O_RDONLY | O_DIRECTORY);
  if (!images) return tl::unexpected(images.error());
  const auto inside = Namespaces::of(request.root);
  if (!inside) return tl::unexpected(inside.error());

  const auto child = command(bundle_, request, *record, images->get(), deadline);
  Result<Outcome> ended = Outcome{};
  if (auto ran = inside->run(true, [&] { ended = child.run(Deadline::at(deadline.instant() + kLastResort)); }); !ran)
    return tl::unexpected(ran.error());
  if (!ended) return forward(ended, "dump");
  if (ended->code != 0) return tl::unexpected(complaint(read_file(request.images + "/" + kLog).value_or(""), *ended));

  auto file = open_at(images->get(), kRecordFile, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file) return tl::unexpected(file.error());
  if (auto written = write_all(file->get(), to_json(*record)); !written) return forward(written, kRecordFile);
  return DumpReport{std::move(*record), size_of(request.images), since(start)};
}

}  // namespace cutline::criu
