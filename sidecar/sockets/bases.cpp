#include "sidecar/sockets/bases.hpp"

namespace cutline::sockets {
namespace {

std::uint64_t plus(std::uint64_t value, std::int64_t base) { return value + static_cast<std::uint64_t>(base); }

std::int64_t difference(std::uint64_t target, std::uint64_t value) { return static_cast<std::int64_t>(target - value); }

}  // namespace

void Bases::observe(const Sockets& live) {
  std::map<Cookie, Base> next;
  for (const auto& socket : live) {
    if (!moved(socket, Origin::Accepted)) continue;
    const auto known = bases_.find(socket.cookie);
    next.emplace(socket.cookie, known != bases_.end() ? known->second : Base{origin_of(socket, live), 0, 0});
  }
  bases_ = std::move(next);
}

protocol::CounterTable Bases::rebase(const protocol::CounterTable& checkpoint, const Sockets& live) {
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
  observe(live);
  return missing;
}

protocol::CounterTable Bases::absolute(const Sockets& live) {
  observe(live);
  protocol::CounterTable out;
  for (const auto& socket : live) {
    if (!crosses_pods(socket)) continue;
    const auto& base = bases_.at(socket.cookie);
    const auto now = *moved(socket, base.origin);
    out.push_back({socket.local, socket.remote, plus(now.acked, base.sent), plus(now.sent, base.sent),
                   plus(now.received, base.received)});
  }
  return out;
}

}  // namespace cutline::sockets
