// What the second snapshot of an idle process costs in the repository beside its first: bytes added there, and
// background time; and Cutline's own upload beside a plain `restic backup` of the same images. A real dump by CRIU of a
// process with 512 MiB that nothing compresses, saved twice by the sidecar's own code, and a real S3 server; each
// upload goes to a new repository, both sides in turns. In the pod in a box, whose library brings main() with
// GoogleTest; bench/run leaves out what that says.
#include <gtest/gtest.h>

#include <thread>

#include "base/overloaded.hpp"
#include "bench/lib/figures.hpp"
#include "sidecar/sockets/socket_info.hpp"
#include "tests/integration/criu/saved.hpp"
#include "tests/integration/repository/object_store.hpp"
#include "tests/integration/rounds/sidecar.hpp"
#include "tests/integration/store/temporary.hpp"

namespace cutline::bench {
namespace {

using namespace cutline::test;
namespace fs = std::filesystem;

constexpr int kMebibytes = 512;
constexpr int kRuns = 5;
constexpr Millis kLong{300'000};

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t out = 0;
  for (const auto& entry : fs::recursive_directory_iterator{folder})
    if (entry.is_regular_file()) out += entry.file_size();
  return out;
}

struct Cost {
  double ms = 0;
  std::uint64_t bytes = 0;  // that the bucket has more
};
struct Samples {
  std::vector<double> first, second, plain_first, plain_second;  // ms
  std::vector<double> bytes_ratio, time_ratio, over_restic;
};

class Bench {
 public:
  // Both snapshots of the process.
  Bench() {
    memory_.limit("6g");
    app_.emplace(Saving::running({.name = "idle", .command = {"/workload", "random", std::to_string(kMebibytes)}}));
    sidecar_.emplace(std::vector<test::Container*>{&*app_}, memory_.path() / "pod");
    remote_.emplace(sidecar_->store(), PodUid{"uid"}, PodName{"pod"},
                    repository::Program{.work = memory_.path() / "work", .cache = true, .user = sockets::kOwnUser});
    for (auto& digest : digests_) {
      const Epoch epoch{static_cast<std::uint64_t>(&digest - digests_.data()) + 1};
      (void)must(sidecar_->save(epoch));
      must(sidecar_->gate().open());
      digest = must(sidecar_->store().commit(epoch));
    }
    objects_.emplace(StoreKind::Versitygw, memory_.path() / "objects");
  }

  void run(int number, Samples& out) {
    std::array<Cost, 2> ours, plain;
    const auto measure_ours = [&] { ours = with_cutline(fmt::format("ours-{}", number)); };
    const auto measure_plain = [&] { plain = with_restic(fmt::format("plain-{}", number)); };
    if (number % 2 == 0)
      measure_ours(), measure_plain();
    else
      measure_plain(), measure_ours();
    if (number == 0) return;  // to warm up
    out.first.push_back(ours[0].ms);
    out.second.push_back(ours[1].ms);
    out.plain_first.push_back(plain[0].ms);
    out.plain_second.push_back(plain[1].ms);
    out.bytes_ratio.push_back(static_cast<double>(ours[1].bytes) / static_cast<double>(ours[0].bytes));
    out.time_ratio.push_back(ours[1].ms / ours[0].ms);
    out.over_restic.push_back(ours[0].ms / plain[0].ms);
  }

 private:
  template <class Upload>
  std::array<Cost, 2> both(const std::string& name, const Upload& upload) {
    const auto repository = objects_->repository(name);
    must(repository::Restic{repository, {.work = memory_.path() / "make"}}.make(Deadline::after(kLong)));
    std::array<Cost, 2> out;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto before = bytes_in(objects_->bucket());
      const auto start = Clock::now();
      upload(repository, i);
      out.at(i) = {ms_since(start), bytes_in(objects_->bucket()) - before};
    }
    fs::remove_all(objects_->bucket() / name);
    return out;
  }

  // As the sidecar does it: its own runner, niced, as its own user, verified before. It runs since before the
  // checkpoints were taken, as a sidecar does: it need not look for them in the repository.
  std::array<Cost, 2> with_cutline(const std::string& name) {
    for (std::size_t i = 0; i < digests_.size(); ++i) must_be_dropped(Epoch{i + 1});
    return both(name, [&](const protocol::Repository& repository, std::size_t i) {
      const protocol::Upload upload{Epoch{i + 1}, digests_.at(i), "bench", repository};
      for (;;) {
        const auto reply = remote_->ask(upload);
        if (std::holds_alternative<protocol::Uploaded>(reply)) return;
        if (const auto* refused = std::get_if<protocol::Refused>(&reply))
          throw std::runtime_error(refused->why.message);
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
      }
    });
  }

  void must_be_dropped(Epoch checkpoint) {
    if (!remote_->drop(checkpoint)) throw std::runtime_error("an upload has not ended");
  }

  std::array<Cost, 2> with_restic(const std::string& name) {
    return both(name, [&](const protocol::Repository& repository, std::size_t i) {
      Child child;
      child.name = "restic";
      child.nice = 19;  // as the sidecar's: beside other work, both wait alike
      child.arguments = {"/usr/bin/restic", "--cache-dir", memory_.path() / ("work-" + name),
                         "--quiet",         "backup",      sidecar_->store().checkpoint_folder(Epoch{i + 1})};
      child.environment = {"RESTIC_REPOSITORY=" + repository.url,
                           "RESTIC_PASSWORD=" + repository.password,
                           "AWS_ACCESS_KEY_ID=" + repository.access_key,
                           "AWS_SECRET_ACCESS_KEY=" + repository.secret_key,
                           "HOME=/tmp",
                           "TMPDIR=" + memory_.path().string()};
      const auto ended = must(child.run(Deadline::after(kLong)));
      if (ended.code != 0) throw std::runtime_error("restic: " + ended.said);
    });
  }

  store::Temporary memory_;
  std::optional<test::Container> app_;
  std::optional<Sidecar> sidecar_;
  std::optional<sidecar::Remote> remote_;
  std::array<std::string, 2> digests_;
  std::optional<ObjectStore> objects_;
};

TEST(Bench, Store) {
  Bench bench;
  Samples samples;
  for (int run = 0; run <= kRuns; ++run) bench.run(run, samples);
  headline(fmt::format("two snapshots of an idle process of {} MiB to a new repository, {} runs", kMebibytes, kRuns)
               .c_str());
  row("Cutline, the first", samples.first);
  row("Cutline, the second", samples.second);
  row("plain restic backup, the first", samples.plain_first);
  row("plain restic backup, the second", samples.plain_second);
  fmt::print(
      "{{\"bench\": \"store\", \"second_bytes_ratio\": {:.4f}, \"second_time_ratio\": {:.3f}, \"over_restic\": {:.3f}, "
      "\"first_ms\": {:.0f}, \"second_ms\": {:.0f}}}\n",
      median(samples.bytes_ratio), median(samples.time_ratio), median(samples.over_restic), median(samples.first),
      median(samples.second));
  (void)std::fflush(stdout);
}

}  // namespace
}  // namespace cutline::bench
