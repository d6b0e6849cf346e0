// What an incremental snapshot consists of, against a world that remembers of each pod where it last was saved or gone
// back to: random traffic, full and incremental snapshots, and rollbacks in between, which void what came after.
#include "protocol/composition.hpp"

#include "protocol/closure.hpp"
#include "questions.hpp"

namespace cutline::protocol {
namespace {

constexpr std::uint16_t kPort = 5432;

PodUid uid(std::size_t pod) { return {std::string(1, static_cast<char>('a' + pod))}; }
std::string address(std::size_t pod) { return fmt::format("10.0.0.{}", pod + 1); }

class World {
 public:
  World(std::size_t pods, simulation::Choices choices) : choices_{std::move(choices)}, pods_(pods) {}

  void run() {
    while (choices_.left()) step();
  }
  [[nodiscard]] std::size_t compositions() const { return compositions_; }

 private:
  struct Dial {
    std::size_t client, server;
    std::uint16_t port;
  };
  struct End {
    Amounts amounts;
    bool closed = false;
  };
  using State = std::map<std::size_t, End>;  // by connection
  struct Saved {
    LocalCheckpoint told;
    State truth;
  };
  struct Pod {
    State now;
    CounterTable closed;        // since the last checkpoint
    std::vector<Saved> chain;   // that led to the present
    std::optional<Saved> last;  // taken, or gone back to
    std::uint64_t taken = 0;
  };

  void step() {
    const auto what = choices_.pick(100);
    if (what < 6) return connect();
    if (what < 12) return save(ClosureRule::Full);
    if (what < 26) return save(choices_.chance(75) ? ClosureRule::Consistent : ClosureRule::Paper);
    if (what < 34) return go_back();
    if (!dials_.empty()) move(choices_.pick(dials_.size()), choices_.chance(50));
  }

  void connect() {
    const auto client = choices_.pick(pods_.size());
    const auto server = (client + 1 + choices_.pick(pods_.size() - 1)) % pods_.size();
    for (const auto pod : {client, server}) pods_[pod].now[dials_.size()] = {{1, 1, 1}, false};
    dials_.push_back({client, server, static_cast<std::uint16_t>(40000 + dials_.size())});
  }

  void move(std::size_t dial, bool client) {
    const auto& [from, to, port] = dials_[dial];
    auto& pod = pods_[client ? from : to].now;
    auto& other = pods_[client ? to : from].now;
    if (!pod.contains(dial) || !other.contains(dial) || pod[dial].closed || other[dial].closed) return;
    auto &mine = pod[dial].amounts, &theirs = other[dial].amounts;
    switch (choices_.pick(3)) {
      case 0:
        mine.sent += 1 + choices_.pick(3);
        break;
      case 1:
        mine.received += std::min<std::uint64_t>(theirs.sent - mine.received, 1 + choices_.pick(3));
        break;
      default:
        mine.acked = theirs.received;
    }
  }

  Counters shown(std::size_t pod, std::size_t dial, const Amounts& is) const {
    const auto& [client, server, port] = dials_[dial];
    const Endpoint c{address(client), port}, s{address(server), kPort};
    return pod == client ? Counters{c, s, is.acked, is.sent, is.received}
                         : Counters{s, c, is.acked, is.sent, is.received};
  }

  LocalCheckpoint present(std::size_t pod) const {
    LocalCheckpoint out;
    out.parent = pods_[pod].chain.empty() ? CheckpointIndex{} : pods_[pod].chain.back().told.index;
    out.closed = pods_[pod].closed;
    for (const auto& [dial, end] : pods_[pod].now)
      if (!end.closed) out.counters.push_back(shown(pod, dial, end.amounts));
    return out;
  }

  PodHistory history(std::size_t pod) const {
    PodHistory out{uid(pod), {address(pod)}, std::vector<std::string>{}, {{}, present(pod)}};
    for (const auto& saved : pods_[pod].chain) out.history.checkpoints.push_back(saved.told);
    return out;
  }

  std::set<std::size_t> members(ClosureRule rule) {
    std::set<std::size_t> out;
    std::vector<Candidate> candidates;
    std::map<PodUid, History> asked;
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
      candidates.push_back({uid(pod), {address(pod)}, std::vector<std::string>{}});
      asked.emplace(uid(pod), history(pod).history);
    }
    const auto found = closure(uid(choices_.pick(pods_.size())), rule, candidates, asked);
    for (std::size_t pod = 0; pod < pods_.size(); ++pod)
      if (found.members.contains(uid(pod))) out.insert(pod);
    return out;
  }

  // All at one instant, which is a consistent cut; it is composed before anybody keeps anything.
  void save(ClosureRule rule) {
    const Epoch epoch{++epoch_};
    const auto chosen = members(rule);
    std::vector<PodHistory> told;
    std::map<std::size_t, Saved> taken;
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
      told.push_back(history(pod));
      if (!chosen.contains(pod)) continue;
      auto one = present(pod);
      one.epoch = epoch;
      one.index = CheckpointIndex{++pods_[pod].taken};
      told.back().history = at_the_cut(std::move(told.back().history), one);
      taken.emplace(pod, Saved{std::move(one), pods_[pod].now});
    }
    const auto composition = compose(told);
    for (auto& [pod, saved] : taken) {
      pods_[pod].closed.clear();
      pods_[pod].chain.push_back(saved);
      pods_[pod].last = std::move(saved);
    }
    check(composition);
  }

  void check(const Composition& composition) {
    ++compositions_;
    bool all = true;
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
      const auto& last = composition.last.at(uid(pod));
      RC_ASSERT(last.has_value() == pods_[pod].last.has_value());
      all = all && last.has_value();
      if (!last) continue;
      RC_ASSERT(*last == pods_[pod].last->told);
      RC_ASSERT(!voided_.contains({pod, last->index}));
    }
    RC_ASSERT(composition.never_saved.has_value() == !all);
    if (all) RC_ASSERT(composition.consistent() == consistent());
  }

  // Nothing received that was not sent, and nothing acknowledged that was not received, in the very states.
  bool consistent() const {
    for (std::size_t dial = 0; dial < dials_.size(); ++dial) {
      const auto amounts = [&](std::size_t pod) {
        const auto& truth = pods_[pod].last->truth;
        return truth.contains(dial) ? truth.at(dial).amounts : Amounts{};
      };
      const auto c = amounts(dials_[dial].client), s = amounts(dials_[dial].server);
      if (c.received > s.sent || s.received > c.sent || c.acked > s.received || s.acked > c.received) return false;
    }
    return true;
  }

  void go_back() {
    std::vector<LinePod> wish;
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
      const auto& chain = pods_[pod].chain;
      LinePod one{history(pod), !choices_.chance(30), {}};
      if (!chain.empty() && choices_.chance(30)) one.newest = chain[choices_.pick(chain.size())].told.index;
      wish.push_back(std::move(one));
    }
    const auto found = recovery_line(wish, {});
    const auto* line = std::get_if<Line>(&found);
    if (line == nullptr) return;
    for (std::size_t pod = 0; pod < pods_.size(); ++pod)
      if (const auto& point = line->points.at(uid(pod)); point.kind == Point::Kind::Checkpoint)
        put_back(pod, point.index);
    for (const auto& [pod, closings] : line->close)
      for (const auto& closing : closings) close(static_cast<std::size_t>(pod.value[0] - 'a'), closing.connection);
  }

  void put_back(std::size_t pod, CheckpointIndex index) {
    auto& of = pods_[pod];
    while (of.chain.back().told.index != index) {
      voided_.emplace(pod, of.chain.back().told.index);
      of.chain.pop_back();
    }
    of.last = of.chain.back();
    of.now = of.last->truth;
    of.closed.clear();
  }

  void close(std::size_t pod, const Connection& connection) {
    for (auto& [dial, end] : pods_[pod].now) {
      const auto row = shown(pod, dial, end.amounts);
      if (end.closed || Connection{row.local, row.remote} != connection) continue;
      end.closed = true;
      pods_[pod].closed.push_back(row);
    }
  }

  simulation::Choices choices_;
  std::vector<Pod> pods_;
  std::vector<Dial> dials_;
  std::set<std::pair<std::size_t, CheckpointIndex>> voided_;
  std::uint64_t epoch_ = 0;
  std::size_t compositions_ = 0;
};

TEST(WhatAnySnapshotConsistsOf, IsWhereEachPodWasSavedOrPutBackLastAndIsProvedByTheVeryStates) {
  holds(3000, [] {
    World world(2 + any(4), choices());
    world.run();
    RC_CLASSIFY(world.compositions() > 3, "several snapshots");
  });
}

}  // namespace
}  // namespace cutline::protocol
