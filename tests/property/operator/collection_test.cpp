// Snapshots are taken, rolled back to and deleted in any order: whatever stays has all that it consists of, on the
// pods' nodes and in the repository; and when all are deleted, nothing is left.
#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/snapshot/plan.hpp"
#include "tests/property/protocol/holds.hpp"

namespace cutline::op::snapshot {
namespace {

constexpr const char* kNow = "2026-01-02T03:04:05Z";
constexpr std::size_t kPods = 4;

using Stored = std::set<std::pair<PodUid, Epoch>>;

std::size_t any(std::size_t n) { return *rc::gen::inRange<std::size_t>(0, n); }
std::string name_of(std::size_t pod) { return fmt::format("ledger-{}", pod); }
PodUid uid_of(std::size_t pod) { return PodUid{name_of(pod) + "-uid"}; }

std::vector<Pod> pods() {
  std::vector<Pod> out;
  for (std::size_t pod = 0; pod < kPods; ++pod)
    out.push_back({.uid = uid_of(pod),
                   .name = name_of(pod),
                   .addresses = {fmt::format("10.0.0.{}", pod + 1)},
                   .injected = true,
                   .sidecar_ready = true});
  return out;
}

class World {
 public:
  void step() {
    switch (any(6)) {
      case 0:
        return take(true);
      case 1:
      case 2:
        return take(false);
      case 3:
        return go_back();
      case 4:
        return mark();
      default:
        return collect();
    }
  }

  void clear() {
    while (!snapshots_.empty()) {
      for (auto& snapshot : snapshots_) snapshot["metadata"]["deletionTimestamp"] = kNow;
      collect();
    }
    RC_ASSERT(on_nodes_.empty());
    RC_ASSERT(in_repository_.empty());
  }

 private:
  void take(bool full) {
    const auto epoch = ++epoch_;
    std::set<std::size_t> members{any(kPods)};
    for (std::size_t pod = 0; pod < kPods; ++pod)
      if (full || any(3) == 0) members.insert(pod);
    Json status = {{"epoch", epoch},
                   {"protocol", full ? "Coordinated" : "Incremental"},
                   {"members", Json::array()},
                   {"repository", "backups"}};
    Json left_out = Json::array();
    bool all = true;
    for (std::size_t pod = 0; pod < kPods; ++pod) {
      Json row = {{"pod", name_of(pod)}, {"uid", uid_of(pod).value}};
      if (members.contains(pod)) {
        status["members"].push_back(std::move(row));
        continue;
      }
      const auto last = last_of(pod);
      all = all && last.has_value();
      row["epoch"] = value(last.value_or(Epoch{}));
      left_out.push_back(std::move(row));
    }
    const auto name = fmt::format("s{}", epoch);
    Json object = {{"metadata", {{"name", name}, {"namespace", "bank"}, {"uid", name}, {"finalizers", {kFinalizer}}}},
                   {"spec", {{"policyRef", {{"name", "ledger"}}}}},
                   {"status", std::move(status)}};
    for (const auto* type : {"Committed", "Released"}) set_condition(object, {type, true, "X", ""}, kNow);
    if (!full) set_condition(object, {"RestorableAlone", all, "X", ""}, kNow);
    if (!full && all) object["status"]["composition"]["leftOut"] = std::move(left_out);
    for (const auto pod : members) chains_[pod].push_back(Epoch{epoch});
    for (const auto& part : parts(object)) {
      in_repository_.emplace(part.uid(), part.epoch);
      if (!part.left_out) on_nodes_.emplace(part.uid(), part.epoch);
    }
    snapshots_.push_back(std::move(object));
    check();
  }

  // The chain of what led to its present, as far as it is there still.
  std::optional<Epoch> last_of(std::size_t pod) const {
    const auto& chain = chains_[pod];
    for (auto epoch = chain.rbegin(); epoch != chain.rend(); ++epoch)
      if (on_nodes_.contains({uid_of(pod), *epoch})) return *epoch;
    return std::nullopt;
  }

  void go_back() {
    auto& chain = chains_[any(kPods)];
    chain.resize(chain.empty() ? 0 : 1 + any(chain.size()));
  }

  void mark() {
    if (!snapshots_.empty()) snapshots_[any(snapshots_.size())]["metadata"]["deletionTimestamp"] = kNow;
  }

  void collect() {
    const auto found = std::ranges::find_if(snapshots_, [](const Json& s) { return kube::is_being_deleted(s); });
    if (found == snapshots_.end()) return;
    const auto decision = plan({*found, {}, pods(), snapshots_, {}, false, {}});
    RC_ASSERT(std::holds_alternative<Collect>(decision));
    for (const auto& [peer, epoch] : std::get<Collect>(decision).forget) on_nodes_.erase({peer.uid, epoch});
    const auto needed = needed_by_others(*found, snapshots_, Where::InRepository);
    for (const auto& part : parts(*found))
      if (!needed.contains({part.uid(), part.epoch})) in_repository_.erase({part.uid(), part.epoch});
    snapshots_.erase(found);
    check();
  }

  void check() const {
    for (const auto& snapshot : snapshots_) {
      if (kube::is_being_deleted(snapshot)) continue;
      for (const auto& part : parts(snapshot)) {
        RC_ASSERT(on_nodes_.contains({part.uid(), part.epoch}));
        RC_ASSERT(in_repository_.contains({part.uid(), part.epoch}));
      }
    }
  }

  std::uint64_t epoch_ = 0;
  std::vector<Json> snapshots_;
  std::array<std::vector<Epoch>, kPods> chains_;
  Stored on_nodes_, in_repository_;
};

TEST(AnySnapshotThatStays, HasAllThatItConsistsOfWhicheverOthersAreDeleted) {
  holds(500, [] {
    World world;
    for (auto steps = 5 + any(40); steps > 0; --steps) world.step();
    world.clear();
  });
}

}  // namespace
}  // namespace cutline::op::snapshot
