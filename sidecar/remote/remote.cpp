#include "sidecar/remote/remote.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "repository/tags.hpp"

namespace cutline::sidecar {
namespace {

using protocol::Fetch;
using protocol::Fetching;
using protocol::Refused;
using protocol::Reply;
using protocol::Upload;
using protocol::Uploaded;
using protocol::Uploading;
using repository::Progress;
using repository::Restic;

constexpr std::chrono::hours kLongest{12};
constexpr Millis kQuestion{60'000};
constexpr Millis kReading{30 * 60'000};
constexpr int kNice = 19;

Deadline within(Millis time) { return Deadline::after(time); }

const protocol::Repository& repository_of(const std::variant<Upload, Fetch>& what) {
  return std::visit([](const auto& m) -> const protocol::Repository& { return m.repository; }, what);
}

std::set<Epoch> epochs_in(const store::Store& store) {
  std::set<Epoch> out;
  if (const auto list = store.list())
    for (const auto& [epoch, stored] : *list) out.insert(epoch);
  return out;
}

}  // namespace

Remote::Remote(const store::Store& store, PodUid uid, PodName name, repository::Program program)
    : store_(store),
      uid_(std::move(uid)),
      pod_(std::move(name)),
      program_(std::move(program)),
      perhaps_(epochs_in(store)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {
  program_.nice = kNice;
}

Remote::~Remote() {
  thread_.request_stop();
  const std::scoped_lock lock{mutex_};
  for (auto& [name, task] : tasks_) task.stop.request_stop();
  brake_.release();
}

Remote::Task& Remote::begin(Name name, std::variant<Upload, Fetch> what) {
  auto& task = tasks_[name];
  task.what = std::move(what);
  task.state = Waiting{};
  task.stop = {};
  queue_.push_back(name);
  changed_.notify_all();
  return task;
}

Reply Remote::ask(const Upload& upload) {
  const std::scoped_lock lock{mutex_};
  const Name name{upload.checkpoint, false};
  const auto known = tasks_.find(name);
  if (known == tasks_.end()) (void)begin(name, upload);
  auto& task = tasks_.at(name);
  if (const auto* failed = std::get_if<Failed>(&task.state)) {
    Refused refused{{}, failed->why};
    tasks_.erase(name);
    return refused;
  }
  if (std::holds_alternative<Kept>(task.state) && repository_of(task.what).url != upload.repository.url)
    (void)begin(name, upload);
  if (std::holds_alternative<Waiting>(task.state)) task.what = upload;  // the keys may be others now
  if (const auto* kept = std::get_if<Kept>(&task.state))
    return Uploaded{upload.checkpoint, kept->kept.id, kept->kept.bytes, kept->kept.added};
  if (const auto* progress = std::get_if<Progress>(&task.state))
    return Uploading{upload.checkpoint, progress->done, progress->total, progress->trouble};
  return Uploading{upload.checkpoint, {}, {}, {}};
}

std::variant<Reply, std::unique_ptr<Remote::Brought>> Remote::ask(const Fetch& fetch) {
  const std::scoped_lock lock{mutex_};
  const Name name{fetch.checkpoint, true};
  if (!tasks_.contains(name)) (void)begin(name, fetch);
  auto& task = tasks_.at(name);
  if (auto* brought = std::get_if<std::unique_ptr<Brought>>(&task.state)) {
    auto out = std::move(*brought);
    tasks_.erase(name);
    return out;
  }
  if (const auto* failed = std::get_if<Failed>(&task.state)) {
    Refused refused{{}, failed->why};
    tasks_.erase(name);
    return refused;
  }
  if (std::holds_alternative<Waiting>(task.state)) task.what = fetch;
  if (const auto* progress = std::get_if<Progress>(&task.state))
    return Fetching{fetch.checkpoint, progress->done, progress->total, progress->trouble};
  return Fetching{fetch.checkpoint, {}, {}, {}};
}

bool Remote::drop(Epoch checkpoint) {
  const std::scoped_lock lock{mutex_};
  std::erase_if(queue_, [&](const Name& name) { return name.first == checkpoint; });
  if (at_ && at_->first == checkpoint) {
    tasks_.at(*at_).stop.request_stop();
    return false;
  }
  std::erase_if(tasks_, [&](const auto& task) { return task.first.first == checkpoint; });
  perhaps_.erase(checkpoint);
  return true;
}

void Remote::work(const std::stop_token& stop) {
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
  while (!stop.stop_requested()) {
    std::variant<Upload, Fetch> what;
    repository::Attention attention{.brake = &brake_};
    {
      std::unique_lock lock{mutex_};
      if (!changed_.wait(lock, stop, [&] { return !queue_.empty(); })) return;
      at_ = queue_.front();
      queue_.pop_front();
      auto& task = tasks_.at(*at_);
      task.state = Progress{};
      what = task.what;
      attention.stop = task.stop.get_token();
      attention.told = [this, name = *at_](const Progress& progress) { tell(name, progress); };
    }
    auto ended = std::visit([&](const auto& one) { return perform(one, attention); }, what);
    const std::scoped_lock lock{mutex_};
    tasks_.at(*at_).state = std::move(ended);
    at_.reset();
  }
}

void Remote::tell(Name name, State state) {
  const std::scoped_lock lock{mutex_};
  tasks_.at(name).state = std::move(state);
}

// Each run of restic derives its key anew: nobody looks for what cannot be there.
bool Remote::first_try(Epoch checkpoint) {
  const std::scoped_lock lock{mutex_};
  return perhaps_.insert(checkpoint).second;
}

// A checkpoint whose bytes have changed on this disk must not become the one that is called durable.
Remote::State Remote::perform(const Upload& upload, const repository::Attention& attention) {
  const Restic restic{upload.repository, program_};
  auto tags = repository::checkpoint_tags(upload.ns, uid_, upload.checkpoint);
  tags.push_back(repository::digest_tag(upload.digest));
  const auto stored = store_.load(upload.checkpoint);
  if (!stored) return Failed{stored.error()};
  const auto bytes = stored->manifest.checkpoint.bytes;
  if (!first_try(upload.checkpoint)) {
    (void)restic.unlock(within(kQuestion));  // which a sidecar that was killed has left
    const auto found = restic.find(tags, within(kQuestion), attention);
    if (!found) return Failed{found.error()};
    if (!found->empty()) return Kept{{found->front().id, bytes, Bytes{0}}};
  }
  if (const auto whole = store_.verify(upload.checkpoint, upload.digest, within(kReading)); !whole)
    return Failed{whole.error()};
  auto kept =
      restic.keep_folder(store_.checkpoint_folder(upload.checkpoint), pod_.value, tags, within(kLongest), attention);
  if (!kept) return Failed{kept.error()};
  kept->bytes = bytes;  // restic counts the manifest too
  log::info("checkpoint kept in the repository",
            {{"epoch", upload.checkpoint}, {"bytes", value(bytes)}, {"added", value(kept->added)}});
  return Kept{*std::move(kept)};
}

Remote::State Remote::perform(const Fetch& fetch, const repository::Attention& attention) {
  auto draft = store_.begin(fetch.checkpoint);
  if (!draft) return Failed{draft.error()};
  (void)first_try(fetch.checkpoint);  // an upload of it will look first
  const Restic restic{fetch.repository, program_};
  if (auto restored = restic.restore(fetch.id, draft->folder(), within(kLongest), attention); !restored)
    return Failed{restored.error()};
  auto stored = store_.check(*draft, fetch.digest, within(kReading));
  if (!stored) return Failed{stored.error().in("what the repository holds")};
  log::info("checkpoint brought from the repository",
            {{"epoch", fetch.checkpoint}, {"bytes", value(stored->manifest.checkpoint.bytes)}});
  return std::make_unique<Brought>(*std::move(draft), *std::move(stored));
}

}  // namespace cutline::sidecar
