#include "repository/restic.hpp"

#include <fcntl.h>
#include <signal.h>

#include <thread>

#include "repository/address.hpp"
#include "repository/answer.hpp"
#include "repository/compressible.hpp"

namespace cutline::repository {
namespace {

constexpr std::size_t kMost = 64U << 20U;
constexpr const char* kUnlock = "unlock";
constexpr Millis kLook{100};
constexpr Millis kTurn{500};
constexpr Millis kFarewell{20'000};  // on a busy machine at the lowest priority
constexpr Millis kUnlocking{10'000};
constexpr Millis kVainPatience{3'000};  // keys do not become right by waiting, and what is lost does not come back

// Follows what a running restic writes, and says when it is of no more use.
class Watch {
 public:
  explicit Watch(const Attention& attention) : attention_(attention) {}

  // A lock of another program went while it was read: restic would try to read it for a quarter of an hour.
  [[nodiscard]] bool looks_for_a_lock_that_went() const { return lock_went_; }

  // An error: end it.
  Status look(const Running& running) {
    read_output(running);
    read_errors(running);
    if (attention_.stop.stop_requested()) return fail(Code::Unavailable, "stopped");
    const auto now = std::chrono::steady_clock::now();
    if (attention_.brake != nullptr && attention_.brake->held()) moved_ = now;
    if (!progress_.trouble) return {};
    const bool in_vain = progress_.trouble->code == Code::Invalid || progress_.trouble->code == Code::Corrupt;
    const auto patience = in_vain ? std::min(kVainPatience, attention_.patience) : attention_.patience;
    return now - moved_ < patience ? Status{} : tl::unexpected(*progress_.trouble);
  }

  // What it said is what it ended of, if it was killed for having been too slow.
  [[nodiscard]] Error blame(const Error& why) const {
    return why.code == Code::Timeout && progress_.trouble ? *progress_.trouble : why;
  }

 private:
  void read_output(const Running& running) {
    const auto text = running.output(read_);
    const auto whole = text.rfind('\n');
    if (whole == std::string::npos) return;
    read_ += whole + 1;
    const auto going = last_status(std::string_view{text}.substr(0, whole + 1));
    if (!going) return;
    if (going->done > progress_.done) {
      progress_.trouble.reset();
      moved_ = std::chrono::steady_clock::now();
    }
    progress_.done = going->done;
    progress_.total = going->total;
    attention_.told(progress_);
  }

  void read_errors(const Running& running) {
    const auto text = running.errors(complained_);
    const auto whole = text.rfind('\n');
    if (whole == std::string::npos) return;
    complained_ += whole + 1;
    const auto lines = std::string_view{text}.substr(0, whole + 1);
    lock_went_ = lock_went_ || tells_of_a_lock_that_went(lines);
    auto trouble = understand(lines);
    if (!trouble || (progress_.trouble && progress_.trouble->code == Code::Corrupt)) return;
    if (!progress_.trouble) moved_ = std::chrono::steady_clock::now();
    progress_.trouble = std::move(trouble);
    attention_.told(progress_);
  }

  const Attention& attention_;
  Progress progress_;
  Instant moved_ = std::chrono::steady_clock::now();
  bool lock_went_ = false;
  std::size_t read_ = 0;
  std::size_t complained_ = 0;
};

// The program that is held must be detached before it is reaped, however this ends.
class Attached {
 public:
  Attached(Brake* brake, pid_t group) : brake_(brake) {
    if (brake_ != nullptr) brake_->attach(group);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  ~Attached() {
    if (brake_ != nullptr) brake_->detach();
  }

 private:
  Brake* brake_;
};

// A restic that is told takes its lock away, if it has it for itself already; a lock that is left keeps others from
// making room for half an hour.
void tell_to_end(const Running& running) {
  (void)::kill(-running.group(), SIGINT);
  (void)::kill(-running.group(), SIGCONT);
  (void)running.ends(Deadline::after(kFarewell));
}

// Nothing: it is to be begun anew. `told`: it was told to end, so that its lock may be there still: one that is told
// while it looks at others' locks leaves its own, and so does one that has to be killed.
Result<std::optional<Ended>> watched(Running running, Deadline deadline, const Attention& attention, bool& told) {
  Watch watch{attention};
  {
    const Attached attached{attention.brake, running.group()};
    while (!running.ends(deadline.sooner(kLook))) {
      auto useful = watch.look(running);
      if (useful && !watch.looks_for_a_lock_that_went() && !deadline.passed()) continue;
      told = true;
      tell_to_end(running);
      if (!useful) return tl::unexpected(useful.error());
      if (watch.looks_for_a_lock_that_went() && !deadline.passed()) return std::nullopt;
      return tl::unexpected(watch.blame({Code::Timeout, "restic did not end in time"}));
    }
  }
  auto ended = running.wait(deadline);
  if (!ended) return tl::unexpected(watch.blame(ended.error()));
  return *std::move(ended);
}

void add_tags(std::vector<std::string>& arguments, const Tags& tags) {
  for (const auto& tag : tags) arguments.insert(arguments.end(), {"--tag", tag});
}

// Its cache has snapshots by their whole name: cache/<repository>/snapshots/<two digits>/<name>. Nothing: it does not,
// or has two.
std::optional<std::string> cached_name(const std::string& cache, const std::string& beginning) {
  std::optional<std::string> out;
  std::error_code error;
  for (const auto& repository : std::filesystem::directory_iterator{cache, error}) {
    std::error_code none;
    for (const auto& file :
         std::filesystem::directory_iterator{repository.path() / "snapshots" / beginning.substr(0, 2), none}) {
      const auto name = file.path().filename().string();
      if (!name.starts_with(beginning)) continue;
      if (out && *out != name) return std::nullopt;
      out = name;
    }
  }
  return out;
}

std::string joined(const Tags& tags) { return fmt::format("{}", fmt::join(tags, ",")); }

}  // namespace

Result<Ended> Restic::run(const Command& command, Deadline deadline, const Attention& attention) const {
  const auto temporary = program_.work + "/tmp", cache = program_.work + "/cache";
  std::error_code error;
  std::filesystem::create_directories(temporary, error);
  if (error) return fail_errno(error.value(), "make " + temporary);
  Child child;
  child.name = "restic";
  child.dies_with_caller = true;
  child.apart = true;
  child.most = kMost;
  child.nice = program_.nice;
  if (program_.user) child.identity = keeper_of_files(*program_.user);
  child.folder = command.folder;
  child.input = command.input;
  child.arguments = {program_.path};
  child.arguments.insert(child.arguments.end(), command.arguments.begin(), command.arguments.end());
  if (program_.cache)
    child.arguments.insert(child.arguments.end(), {"--cache-dir", cache, "--cleanup-cache"});
  else
    child.arguments.emplace_back("--no-cache");
  if (repository_.limit != 0)
    child.arguments.insert(child.arguments.end(), {"--limit-upload", std::to_string(repository_.limit)});
  Fd authority;
  if (!repository_.authority.empty()) {
    auto file = memory_file(repository_.authority);
    if (!file) return tl::unexpected(file.error());
    authority = *std::move(file);
    child.arguments.insert(child.arguments.end(), {"--cacert", child.inherit(authority.get())});
  }
  child.environment = {"RESTIC_REPOSITORY=" + address(repository_), "RESTIC_PASSWORD=" + repository_.password,
                       "RESTIC_PROGRESS_FPS=2", "HOME=" + program_.work, "TMPDIR=" + temporary};
  if (!repository_.access_key.empty() && !is_rest(repository_))
    child.environment.insert(child.environment.end(), {"AWS_ACCESS_KEY_ID=" + repository_.access_key,
                                                       "AWS_SECRET_ACCESS_KEY=" + repository_.secret_key});
  if (!repository_.region.empty()) child.environment.push_back("AWS_DEFAULT_REGION=" + repository_.region);
  for (;;) {
    auto running = child.start();
    if (!running) return tl::unexpected(running.error());
    bool told = false;
    auto ended = watched(*std::move(running), deadline, attention, told);
    if (told && command.arguments.front() != kUnlock) (void)unlock(Deadline::after(kUnlocking));
    if (!ended) return tl::unexpected(ended.error());
    if (!*ended) continue;
    if ((*ended)->code != 0) return tl::unexpected(why_failed(**ended));
    return **std::move(ended);
  }
}

// Some need the repository for themselves: they wait for their turn.
Status Restic::run_alone(const Command& command, Deadline deadline, const Attention& attention) const {
  for (std::optional<Error> busy;;) {
    const auto ended = run(command, deadline, attention);
    if (ended) return {};
    if (ended.error().code == Code::Timeout && busy) return tl::unexpected(*busy);
    if (ended.error().code != Code::Busy || deadline.passed()) return tl::unexpected(ended.error());
    busy = ended.error();
    std::this_thread::sleep_for(std::min(kTurn, deadline.left()));
  }
}

Result<std::string> Restic::identity(Deadline deadline) const {
  const auto said = run({{"cat", "config"}, {}}, deadline, {});
  return said ? repository_id(said->said) : tl::unexpected(said.error());
}

Status Restic::make(Deadline deadline) const {
  const auto there = identity(deadline);
  if (there) return {};
  if (there.error().code != Code::NotFound) return tl::unexpected(there.error());
  const auto made = run({{"init"}, {}}, deadline, {});
  if (!made && made.error().code != Code::Conflict) return tl::unexpected(made.error());
  return {};
}

// The summary has the first digits of the name only.
Result<Kept> Restic::keep(const Command& command, Deadline deadline, const Attention& attention) const {
  const auto ended = run(command, deadline, attention);
  if (!ended) return tl::unexpected(ended.error());
  auto kept = summary(ended->said);
  if (!kept) return kept;
  if (auto whole = program_.cache ? cached_name(program_.work + "/cache", kept->id) : std::nullopt) {
    kept->id = *std::move(whole);
    return kept;
  }
  const auto listed = run({{"snapshots", "--json", kept->id}, {}}, deadline, {});
  if (!listed) return tl::unexpected(listed.error());
  const auto found = snapshots(listed->said);
  if (!found) return tl::unexpected(found.error());
  if (found->size() != 1) return fail(Code::Internal, "restic finds {} snapshots {}", found->size(), kept->id);
  kept->id = found->front().id;
  return kept;
}

Result<Kept> Restic::keep_folder(const std::string& folder, const std::string& host, const Tags& tags,
                                 Deadline deadline, const Attention& attention) const {
  const auto opened = open_file(folder, O_PATH | O_DIRECTORY);
  if (!opened) return tl::unexpected(opened.error());
  Command command{{"backup", "--json", "--host", host}, {}, opened->get()};
  add_tags(command.arguments, tags);
  if (const auto worth = worth_compressing(folder); worth && !*worth)
    command.arguments.insert(command.arguments.end(), {"--compression", "off"});
  command.arguments.emplace_back(".");
  return keep(command, deadline, attention);
}

Result<Kept> Restic::keep_text(const std::string& text, const std::string& name, const std::string& host,
                               const Tags& tags, Deadline deadline) const {
  Command command{{"backup", "--json", "--host", host, "--stdin", "--stdin-filename", name}, text};
  add_tags(command.arguments, tags);
  return keep(command, deadline, {});
}

Status Restic::restore(const std::string& id, const std::string& folder, Deadline deadline,
                       const Attention& attention) const {
  const auto ended = run({{"restore", id, "--target", folder}, {}}, deadline, attention);
  return ended ? Status{} : tl::unexpected(ended.error());
}

Result<std::string> Restic::text_of(const std::string& id, const std::string& name, Deadline deadline) const {
  auto ended = run({{"dump", id, name}, {}}, deadline, {});
  if (!ended) return tl::unexpected(ended.error());
  return std::move(ended->said);
}

Result<std::vector<Found>> Restic::find(const Tags& tags, Deadline deadline, const Attention& attention) const {
  const auto ended = run({{"snapshots", "--json", "--tag", joined(tags)}, {}}, deadline, attention);
  if (!ended) return tl::unexpected(ended.error());
  return snapshots(ended->said);
}

Status Restic::forget(const std::vector<std::string>& ids, Deadline deadline) const {
  if (ids.empty()) return {};
  Command command{{"forget"}, {}};
  command.arguments.insert(command.arguments.end(), ids.begin(), ids.end());
  return run_alone(command, deadline);
}

Status Restic::prune(Deadline deadline) const { return run_alone({{"prune"}, {}}, deadline); }

Status Restic::check(const std::string& part, Company company, Deadline deadline, const Attention& attention) const {
  Command command{{"check"}, {}};
  if (part != "0%") command.arguments.push_back("--read-data-subset=" + part);
  if (company == Company::Alone) return run_alone(command, deadline, attention);
  command.arguments.emplace_back("--no-lock");
  const auto ended = run(command, deadline, attention);
  return ended ? Status{} : tl::unexpected(ended.error());
}

Result<Size> Restic::size(Deadline deadline) const {
  const auto ended = run({{"stats", "--json", "--mode", "raw-data"}, {}}, deadline, {});
  if (!ended) return tl::unexpected(ended.error());
  return raw_size(ended->said);
}

Status Restic::unlock(Deadline deadline) const {
  const auto ended = run({{kUnlock}, {}}, deadline, {});
  return ended ? Status{} : tl::unexpected(ended.error());
}

}  // namespace cutline::repository
