#include "sidecar/sockets/bases.hpp"

namespace cutline::sockets {
namespace {

constexpr int kPatience = 10;     // looks
constexpr int kRemembered = 600;  // looks: ten minutes; a node forgets a closed connection after two

std::uint64_t plus(std::uint64_t value, std::int64_t base) { return value + static_cast<std::uint64_t>(base); }

std::int64_t difference(std::uint64_t target, std::uint64_t value) { return static_cast<std::int64_t>(target - value); }

protocol::Counters row(const SocketInfo& socket, const Moved& now, const Bases::Base& base) {
  return {socket.local, socket.remote, plus(now.acked, base.sent), plus(now.sent, base.sent),
          plus(now.received, base.received)};
}

}  // namespace

void Bases::listen(const Sockets& live) { listening_.merge(listening_in(live)); }

void Bases::observe(const Sockets& live) {
  listening_ = listening_in(live);
  auto before = std::exchange(bases_, {});
  auto last = std::exchange(last_, {});
  const auto told = std::exchange(told_, {});
  for (const auto& socket : live) {
    if (told.contains(socket.cookie)) {
      told_.insert(socket.cookie);  // the look is older than the news
      continue;
    }
    if (!moved(socket, Origin::Accepted)) continue;
    const auto known = before.find(socket.cookie);
    const auto base = known != before.end() ? known->second : Base{origin_of(socket, listening_), 0, 0};
    if (known != before.end()) before.erase(known);
    bases_.emplace(socket.cookie, base);
    if (crosses_pods(socket)) last_.emplace(socket.cookie, row(socket, *moved(socket, base.origin), base));
  }
  for (auto& [cookie, seen] : gone_) ++seen.looks;
  for (auto& [connection, closed] : closed_) ++closed.looks;
  std::erase_if(closed_, [](const auto& one) { return one.second.looks > kRemembered; });
  for (const auto& [cookie, base] : before)
    if (const auto was = last.find(cookie); was != last.end()) gone_.emplace(cookie, Seen{base, was->second});
}

protocol::CounterTable Bases::rebase(const protocol::CounterTable& checkpoint, const Sockets& live, Offsets offsets) {
  offsets_ = std::move(offsets);
  for (const auto& row : checkpoint) closed_.erase({row.local, row.remote});
  std::map<std::pair<Endpoint, Endpoint>, const SocketInfo*> by_tuple;
  for (const auto& socket : live) {
    if (moved(socket, Origin::Restored)) by_tuple.emplace(std::pair{socket.local, socket.remote}, &socket);
  }
  protocol::CounterTable missing;
  for (const auto& saved : checkpoint) {
    const auto found = by_tuple.find({saved.local, saved.remote});
    if (found == by_tuple.end()) {
      missing.push_back(saved);
      continue;
    }
    const auto now = *moved(*found->second, Origin::Restored);
    bases_[found->second->cookie] = {Origin::Restored, difference(saved.acked, now.acked),
                                     difference(saved.received, now.received)};
  }
  last_.clear();
  observe(live);
  gone_.clear();
  return missing;
}

Bases::Offset Bases::offset_of(const protocol::Connection& connection) const {
  const auto found = offsets_.find(connection);
  return found == offsets_.end() ? Offset{} : found->second;
}

Bases::Numbers Bases::numbers(const Sockets& live) {
  Numbers out;
  const auto number = [&](const protocol::Counters& row) {
    return static_cast<std::uint32_t>(row.received) + offset_of({row.local, row.remote}).received;
  };
  const auto rows = absolute(live);
  for (const auto& [connection, closed] : closed_) out[connection] = closed.number;
  for (const auto& [cookie, seen] : gone_)
    out.emplace(protocol::Connection{seen.last.local, seen.last.remote}, number(seen.last));
  for (const auto& row : rows) {
    const protocol::Connection connection{row.local, row.remote};
    if (out.erase(connection) == 0) out[connection] = number(row);
  }
  return out;
}

Bases::Final Bases::closed(protocol::Counters counters, bool exact) {
  const protocol::Connection connection{counters.local, counters.remote};
  closed_[connection] = {static_cast<std::uint32_t>(counters.received) + offset_of(connection).received, 0};
  return {std::move(counters), exact};
}

protocol::CounterTable Bases::absolute(const Sockets& live) {
  observe(live);
  protocol::CounterTable out;
  for (const auto& socket : live)
    if (const auto row = last_.find(socket.cookie); row != last_.end()) out.push_back(row->second);
  return out;
}

void Bases::end(const Sockets& live) {
  for (const auto& [cookie, base] : bases_) ended_.insert(cookie);
  for (const auto& [cookie, seen] : gone_) ended_.insert(cookie);
  for (const auto& socket : live) ended_.insert(socket.cookie);
}

Bases::Final Bases::final_of(const SocketInfo& gone) {
  told_.insert(gone.cookie);
  if (ended_.erase(gone.cookie) != 0) return {};
  std::optional<Seen> seen;
  if (const auto was = gone_.extract(gone.cookie)) {
    seen = was.mapped();
  } else if (const auto base = bases_.extract(gone.cookie)) {
    const auto last = last_.extract(gone.cookie);
    if (!last) return {};  // inside of the pod
    seen = Seen{base.mapped(), last.mapped()};
  }
  if (gone.wiped) return seen ? closed(seen->last, false) : Final{std::nullopt, false};
  if (!between_pods(gone)) return {};
  const auto base = seen ? seen->base : Base{origin_of(gone, listening_), 0, 0};
  const auto all = moved_in_all(gone, base.origin);
  return all ? closed(row(gone, *all, base), true) : Final{};
}

bool Bases::give_up() {
  return std::erase_if(gone_, [](const auto& one) { return one.second.looks > kPatience; }) > 0;
}

void Bases::rebase(const protocol::FlowTable& checkpoint, const protocol::FlowTable& live) {
  flows_.clear();
  for (const auto& flow : live)
    flows_[{flow.local, flow.remote}] = {difference(0, flow.sent), difference(0, flow.received)};
  for (const auto& flow : checkpoint) {
    auto& base = flows_[{flow.local, flow.remote}];
    base.sent += difference(flow.sent, 0);
    base.received += difference(flow.received, 0);
  }
}

protocol::FlowTable Bases::absolute(const protocol::FlowTable& live) const {
  std::map<Addresses, FlowBase> all = flows_;
  for (const auto& flow : live) {
    auto& sum = all[{flow.local, flow.remote}];
    sum.sent += difference(flow.sent, 0);
    sum.received += difference(flow.received, 0);
  }
  protocol::FlowTable out;
  for (const auto& [addresses, sum] : all)
    if (sum.sent != 0 || sum.received != 0)
      out.push_back({addresses.first, addresses.second, static_cast<std::uint64_t>(sum.sent),
                     static_cast<std::uint64_t>(sum.received)});
  return out;
}

}  // namespace cutline::sockets
