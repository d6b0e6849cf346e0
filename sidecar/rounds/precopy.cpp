#include "sidecar/rounds/precopy.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.hpp"
#include "sidecar/files/earlier.hpp"
#include "sidecar/files/files.hpp"

namespace cutline::sidecar {
namespace {

namespace fs = std::filesystem;

constexpr auto kFolder = "precopy";
constexpr std::chrono::minutes kLongest{60};
constexpr std::chrono::minutes kKept{10};
constexpr int kNice = 10;
// What has changed during one pass is copied by the next, as long as that is worth it.
constexpr int kPasses = 3;
constexpr std::uint64_t kWorthAPass = 16 << 20;  // bytes

}  // namespace

Precopy::Precopy(const store::Store& store, const Launchers& launchers) : store_(store), launchers_(launchers) {
  clear();
}

Precopy::~Precopy() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  clear();
}

std::string Precopy::folder(const std::string& container) const {
  return fmt::format("{}/{}/{}", store_.root(), kFolder, container);
}

protocol::Reply Precopy::ask(const protocol::Precopy& command, std::optional<Epoch> last) {
  std::unique_lock lock{mutex_};
  if (key_ == command.key)
    return going_on_ ? protocol::Reply{protocol::Precopying{key_}}
                     : protocol::Reply{protocol::Precopied{key_, copied_}};
  if (going_on_) {  // of a round that has given up
    thread_.request_stop();
    return protocol::Precopying{command.key};
  }
  lock.unlock();
  clear();
  lock.lock();
  key_ = command.key;
  going_on_ = true;
  copied_ = {};
  thread_ = std::jthread{[this, command, last](const std::stop_token& stop) { perform(command, last, stop); }};
  return protocol::Precopying{command.key};
}

Copies Precopy::take(Deadline deadline) {
  stop();
  std::unique_lock lock{mutex_};
  if (!ended_.wait_until(lock, deadline.instant(), [&] { return !going_on_; })) return {};
  return copies_;
}

void Precopy::clear() {
  const std::scoped_lock lock{mutex_};
  if (going_on_) return;
  key_.clear();
  copies_.clear();
  std::error_code error;
  fs::remove_all(fmt::format("{}/{}", store_.root(), kFolder), error);
  if (error) log::warn("what was copied beforehand was not deleted", {{"error", error.message()}});
}

void Precopy::expire(Instant now) {
  {
    const std::scoped_lock lock{mutex_};
    if (going_on_ || copies_.empty() || now < since_ + kKept) return;
  }
  clear();
}

void Precopy::perform(const protocol::Precopy& command, std::optional<Epoch> last, const std::stop_token& stop) {
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
  const auto containers = launchers_.containers();
  if (!containers) log::warn("volumes not copied beforehand", {{"error", containers.error()}});
  for (const auto& container : containers.value_or(std::vector<Container>{})) {
    std::vector<std::string> volumes;
    for (const auto& volume : command.volumes)
      if (volume.container == container.name) volumes.push_back(volume.path);
    if (volumes.empty()) continue;
    const auto start = std::chrono::steady_clock::now();
    const auto copied = copy(container, volumes, last, stop);
    if (!copied)
      log::warn("volumes not copied beforehand", {{"container", container.name}, {"error", copied.error()}});
    else
      log::info("volumes copied beforehand",
                {{"container", container.name},
                 {"bytes", value(*copied)},
                 {"us", std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start).count()}});
    const std::scoped_lock lock{mutex_};
    copied_ = Bytes{value(copied_) + value(copied.value_or(Bytes{}))};
  }
  const std::scoped_lock lock{mutex_};
  going_on_ = false;
  since_ = std::chrono::steady_clock::now();
  ended_.notify_all();
}

// All of the pod: containers share volumes.
std::function<Result<std::vector<int>>()> Precopy::processes() const {
  return [this]() -> Result<std::vector<int>> {
    const auto containers = launchers_.containers();
    if (!containers) return tl::unexpected(containers.error());
    std::vector<int> out;
    for (const auto& container : *containers) {
      const auto pids = container.freezer->pids();
      if (!pids) return tl::unexpected(pids.error());
      out.insert(out.end(), pids->begin(), pids->end());
    }
    return out;
  };
}

// Each pass stands on the one before, the first on the last checkpoint.
Result<Bytes> Precopy::copy(const Container& container, const std::vector<std::string>& volumes,
                            std::optional<Epoch> last, const std::stop_token& stop) {
  const auto deadline = Deadline::after(kLongest);
  std::string before = last ? store_.container_folder(*last, container.name) : std::string{};
  std::uint64_t all = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto to = fmt::format("{}/{}", folder(container.name), pass);
    std::error_code error;
    if (fs::create_directories(to, error); error) return fail_errno(error.value(), "create " + to);
    auto earlier =
        before.empty() ? Result<files::Earlier>{fail(Code::NotFound, "none")} : files::Earlier::link(before, to);
    const auto copied =
        files::precopy({container.launcher, processes(), volumes, to, earlier ? &*earlier : nullptr, stop}, deadline);
    if (!copied) return pass == 0 ? copied : Result<Bytes>{Bytes{all}};
    {
      const std::scoped_lock lock{mutex_};
      copies_[container.name] = to;
    }
    if (pass > 0) fs::remove_all(before, error);  // what is still needed has been linked
    before = to;
    all += value(*copied);
    if (value(*copied) < kWorthAPass || stop.stop_requested()) break;
  }
  return Bytes{all};
}

}  // namespace cutline::sidecar
