#include "traffic.hpp"

#include <algorithm>

namespace cutline::protocol {
namespace {

std::string address(std::size_t pod) { return fmt::format("10.0.0.{}", pod + 1); }
std::string service(std::size_t pod) { return fmt::format("10.96.0.{}", pod + 1); }
const char* const kShared = "10.96.1.1";
constexpr std::uint16_t kPort = 5432;

}  // namespace

Traffic::Traffic(std::size_t pods, Habits habits, simulation::Choices choices)
    : habits_{habits}, choices_{std::move(choices)}, pods_(pods) {}

void Traffic::run(std::size_t steps) {
  for (std::size_t i = 0; i < steps && choices_.left(); ++i) step();
}

void Traffic::step() {
  if (choices_.chance(habits_.checkpoints)) {
    const auto pod = choices_.pick(pods_.size());
    if (pods_[pod].records.size() < habits_.limit) checkpoint(pod);
    return;
  }
  if (habits_.blind && choices_.chance(3)) {
    auto& pod = pods_[choices_.pick(pods_.size())];
    pod.observed = false;
    pod.closed.clear();
    return;
  }
  if (habits_.outside && choices_.chance(3)) {
    auto& pod = pods_[choices_.pick(pods_.size())];
    pod.outside.push_back(
        {{address(static_cast<std::size_t>(&pod - pods_.data())), next_port_++}, {"192.0.2.1", 443}, 1, 2, 3});
    return;
  }
  if (habits_.datagrams && choices_.chance(15)) {
    const auto from = choices_.pick(pods_.size()), to = choices_.pick(pods_.size());
    auto& sent = pods_[from].datagrams[to].sent;
    auto& received = pods_[to].datagrams[from].received;
    if (received < sent && choices_.chance(50))
      ++received;
    else
      ++sent;
    return;
  }
  if (living_.empty() || choices_.chance(12)) return connect();
  const auto i = choices_.pick(living_.size());
  const auto connection = living_[i];
  const int side = static_cast<int>(choices_.pick(2));
  if (choices_.chance(12))
    close(connection, side);
  else
    move(connection, side);
  const auto& [client, server] = connections_[connection].ends;
  const bool seen = server.presence == Presence::Closed || connections_[connection].refused;
  if (client.presence == Presence::Closed && seen) living_.erase(living_.begin() + static_cast<long>(i));
}

bool Traffic::free(const Endpoint& client, const Endpoint& dialled, const Endpoint& server) const {
  return std::ranges::none_of(living_, [&](std::size_t i) {
    const auto& c = connections_[i];
    return c.client == client && (c.dialled == dialled || c.server == server);
  });
}

void Traffic::connect() {
  Connected c;
  c.pod = {choices_.pick(pods_.size()), choices_.pick(pods_.size())};
  if (c.pod[0] == c.pod[1]) c.pod[1] = (c.pod[1] + 1) % pods_.size();
  const auto port = habits_.reuse ? static_cast<std::uint16_t>(40000 + choices_.pick(3)) : next_port_++;
  c.client = {address(c.pod[0]), port};
  c.server = {address(c.pod[1]), kPort};
  c.dialled = c.server;
  if (habits_.services && (habits_.reuse && !habits_.shared_service ? port % 2 == 0 : choices_.chance(40)))
    c.dialled.address = service(c.pod[1]);
  if (habits_.shared_service && choices_.chance(40)) c.dialled.address = kShared;
  if (!free(c.client, c.dialled, c.server)) return;  // the kernels know it still
  c.ends[0].presence = Presence::Open;
  if (habits_.attempts) c.refused = choices_.chance(10);
  if (!habits_.attempts) {  // established at once, and something has passed each way
    c.ends[1].presence = Presence::Open;
    for (auto& end : c.ends) end.amounts = {1, 1, 1};
  }
  living_.push_back(connections_.size());
  connections_.push_back(std::move(c));
}

void Traffic::move(std::size_t connection, int side) {
  auto& c = connections_[connection];
  auto &mine = c.ends[static_cast<std::size_t>(side)], &theirs = c.ends[static_cast<std::size_t>(1 - side)];
  if (side == 1 && mine.presence == Presence::Absent && !c.refused && theirs.presence == Presence::Open) {
    mine.presence = Presence::Open;  // accepted
    return;
  }
  if (mine.presence != Presence::Open) return;
  const auto some = [&](std::uint64_t most) {
    return std::min<std::uint64_t>(most, 1 + choices_.pick(habits_.at_once));
  };
  switch (choices_.pick(3)) {
    case 0:
      mine.amounts.sent += some(habits_.at_once);
      break;
    case 1:
      mine.amounts.received += some(theirs.amounts.sent - mine.amounts.received);
      break;
    default:
      mine.amounts.acked = std::max(mine.amounts.acked, theirs.amounts.received);
  }
}

void Traffic::close(std::size_t connection, int side) {
  auto& c = connections_[connection];
  auto& end = c.ends[static_cast<std::size_t>(side)];
  if (end.presence != Presence::Open) return;
  const bool mute = end.amounts.acked + end.amounts.received == 0;
  if (mute && !habits_.reuse && !c.refused)
    return;  // else whether the other end ever saw it is a riddle, see the habit `reuse`
  end.presence = Presence::Closed;
  pods_[c.pod[static_cast<std::size_t>(side)]].closed.push_back(shown(c, side));
}

Counters Traffic::shown(const Connected& c, int side) const {
  const auto& [acked, sent, received] = c.ends[static_cast<std::size_t>(side)].amounts;
  return side == 0 ? Counters{c.client, c.dialled, acked, sent, received}
                   : Counters{c.server, c.client, acked, sent, received};
}

LocalCheckpoint Traffic::record(std::size_t pod) const {
  LocalCheckpoint out;
  const auto& of = pods_[pod];
  out.index = CheckpointIndex{of.taken + 1};
  out.parent = of.records.empty() ? CheckpointIndex{} : of.records.back().index;
  out.epoch = own_checkpoint(out.index);
  out.closed = of.closed;
  out.observed = of.observed;
  out.counters = of.outside;
  for (const auto i : living_) {
    const auto& c = connections_[i];
    for (const int side : {0, 1}) {
      const auto s = static_cast<std::size_t>(side);
      if (c.pod[s] == pod && c.ends[s].presence == Presence::Open) out.counters.push_back(shown(c, side));
    }
  }
  for (const auto& [other, amounts] : of.datagrams)
    out.flows.push_back({address(pod), address(other), amounts.sent, amounts.received});
  return out;
}

void Traffic::checkpoint(std::size_t pod, Epoch epoch) {
  auto& of = pods_[pod];
  auto taken = record(pod);
  if (epoch != Epoch{}) taken.epoch = epoch;
  of.records.push_back(std::move(taken));
  of.truth.push_back(now(pod));
  of.closed.clear();
  of.observed = true;
  ++of.taken;
}

Traffic::State Traffic::now(std::size_t pod) const {
  State out;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    for (const int side : {0, 1}) {
      const auto s = static_cast<std::size_t>(side);
      if (connections_[i].pod[s] == pod && connections_[i].ends[s].presence != Presence::Absent)
        out.ends[{i, side}] = connections_[i].ends[s];
    }
  }
  out.datagrams = pods_[pod].datagrams;
  return out;
}

PodHistory Traffic::history(std::size_t pod, bool with_present) const {
  PodHistory out{{std::string(1, static_cast<char>('a' + pod))},
                 {address(pod)},
                 std::vector<std::string>{service(pod), kShared},
                 {pods_[pod].records, {}}};
  if (with_present) out.history.present = record(pod);
  return out;
}

std::string Traffic::told() const {
  std::string out;
  for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
    for (std::size_t at = 1; at <= pods_[pod].truth.size(); ++at) {
      const auto state = at < pods_[pod].truth.size() ? pods_[pod].truth[at] : now(pod);
      out += fmt::format("{} at {}:", static_cast<char>('a' + pod),
                         at < pods_[pod].truth.size() ? std::to_string(at) : "present");
      for (const auto& [key, end] : state.ends) {
        const auto& [acked, sent, received] = end.amounts;
        out += fmt::format("  #{}{} {}{}/{}/{}", key.first, key.second == 0 ? "c" : "s",
                           end.presence == Presence::Open ? "" : "closed ", acked, sent, received);
      }
      for (const auto& [other, amounts] : state.datagrams)
        out += fmt::format("  udp {} {}/{}", other, amounts.sent, amounts.received);
      out += "\n";
    }
  }
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const auto& c = connections_[i];
    out += fmt::format("#{}: {}:{} -> {}:{} = {}\n", i, c.client.address, c.client.port, c.dialled.address,
                       c.dialled.port, c.server.address);
  }
  return out;
}

}  // namespace cutline::protocol
