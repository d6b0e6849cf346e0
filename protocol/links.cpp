#include "protocol/links.hpp"

#include <algorithm>
#include <set>

#include "protocol/pairing.hpp"

namespace cutline::protocol {
namespace {

using Kind = Link::Kind;

bool mute(const Amounts& amounts) { return amounts.acked == 0 && amounts.received == 0; }

// Can `other` be the far end of `closed`, which has sent all that it ever will? That it has not received what the other
// had acknowledged says nothing: a rollback with lost: Allow may have put it back to before that.
bool explains(const Use& closed, const Use& other) {
  if (!closed.closed || closed.vanished) return true;
  return other.values.back().received <= closed.values.back().sent;
}

bool in_order(const Ends& one, const Ends& other) {
  for (const auto* ends : {&one, &other}) {
    for (std::size_t i = 0; i + 1 < ends->uses.size(); ++i) {
      if (mute(ends->uses[i].values.back())) return false;
    }
  }
  for (std::size_t i = 0; i < std::min(one.uses.size(), other.uses.size()); ++i) {
    if (!explains(one.uses[i], other.uses[i]) || !explains(other.uses[i], one.uses[i])) return false;
  }
  return true;
}

class Finder {
 public:
  explicit Finder(const std::vector<PodHistory>& pods) : pods_{pods} {
    for (std::uint32_t pod = 0; pod < pods.size(); ++pod) {
      out_.timelines.push_back(timeline(pods[pod].history, pods[pod].addresses));
      for (const auto& address : pods[pod].addresses) owner_.emplace(address, pod);
    }
    for (const auto& [address, pod] : owner_) addresses_.insert(address);
  }

  Links find() && {
    pair_all(false);
    pair_all(true);
    unobserved();
    return std::move(out_);
  }

 private:
  const std::vector<Ends>& all(std::uint32_t pod, bool datagrams) const {
    return datagrams ? out_.timelines[pod].flows : out_.timelines[pod].connections;
  }
  const Ends& ends(const Side& side, bool datagrams) const { return all(side.pod, datagrams)[side.ends]; }
  // Its tables may lack connections that it had: it has an unknown present, or closings that nobody saw.
  bool dead(std::uint32_t pod) const { return !out_.timelines[pod].present; }
  bool gaps(std::uint32_t pod) const { return !out_.timelines[pod].unobserved.empty(); }

  bool named(const std::string& address, std::uint32_t pod) const {
    const auto& services = pods_[pod].services;
    return services && std::ranges::find(*services, address) != services->end();
  }

  bool may_lead(const std::string& address, std::size_t pod) const {
    return !pods_[pod].services || named(address, static_cast<std::uint32_t>(pod));
  }

  // It may have had more uses of these endpoints than it tells.
  bool hidden(std::uint32_t pod) const { return dead(pod) || gaps(pod); }

  // Was one's only use an attempt that came to nothing, and is the other's a later one that one does not tell of?
  bool missed(const Side& one, const Side& other) const {
    const auto &mine = ends(one, false).uses.back(), &theirs = ends(other, false).uses.back();
    if (!hidden(one.pod) || !mine.closed || !mute(mine.values.back())) return false;
    return !theirs.closed || !mute(theirs.values.back());
  }

  void pair_all(bool datagrams) {
    std::vector<Side> sides;
    std::vector<EndName> names;
    for (std::uint32_t pod = 0; pod < pods_.size(); ++pod) {
      const auto& list = all(pod, datagrams);
      for (std::uint32_t i = 0; i < list.size(); ++i) {
        sides.push_back({pod, i, Side::kNone});
        names.push_back({pod, &list[i].name.local, &list[i].name.remote});
      }
    }
    const auto partner = pair_ends(names, addresses_,
                                   [&](const std::string& address, std::size_t pod) { return may_lead(address, pod); });
    const auto crowded = crowds(sides, partner, datagrams);
    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (crowded[i]) continue;
      if (partner[i] == kAlone)
        alone(sides[i], datagrams);
      else if (i < partner[i])
        pair(sides[i], sides[partner[i]], datagrams);
    }
  }

  // Servers that show a client whose own end went to another of them, and a client's end through a Service whose
  // server's went to one that dialled the pod itself: at different times the same endpoint led elsewhere. All ends of
  // that client endpoint together are unsure.
  std::vector<bool> crowds(const std::vector<Side>& sides, const std::vector<std::size_t>& partner, bool datagrams) {
    struct Crowd {
      std::vector<std::size_t> clients, servers;
    };
    const auto remote = [&](std::size_t i) -> const std::string& {
      return ends(sides[i], datagrams).name.remote.address;
    };
    std::map<Endpoint, Crowd>
        by_client;  // only those with a client's end that went through an address that is nobody's
    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (!addresses_.contains(remote(i))) by_client[ends(sides[i], datagrams).name.local].clients.push_back(i);
    }
    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (!addresses_.contains(remote(i))) continue;
      const auto& name = ends(sides[i], datagrams).name;
      if (const auto it = by_client.find(name.local); it != by_client.end() && partner[i] != kAlone)
        it->second.clients.push_back(i);
      const auto it = by_client.find(name.remote);
      if (it != by_client.end() && sides[it->second.clients.front()].pod != sides[i].pod)
        it->second.servers.push_back(i);
    }
    // One is alone, and might belong to one that has another; or nothing is known of what leads where, and there are
    // several.
    const auto unsure = [&](const Crowd& crowd) {
      const auto translated =
          std::ranges::count_if(crowd.clients, [&](auto i) { return !addresses_.contains(remote(i)); });
      const bool guessed = std::ranges::any_of(crowd.servers, [&](auto i) { return !pods_[sides[i].pod].services; });
      if (translated > 1 && guessed) return true;
      return std::ranges::any_of(crowd.servers, [&](std::size_t server) {
        return std::ranges::any_of(crowd.clients, [&](std::size_t client) {
          const bool lonely = (partner[server] == kAlone) || partner[client] == kAlone;
          return lonely && !addresses_.contains(remote(client)) && may_lead(remote(client), sides[server].pod);
        });
      });
    };
    std::vector<bool> out(sides.size());
    for (const auto& [endpoint, crowd] : by_client) {
      if (!unsure(crowd)) continue;
      for (const auto client : crowd.clients) {
        out[client] = true;
        if (!addresses_.contains(ends(sides[client], datagrams).name.remote.address)) alone(sides[client], datagrams);
        for (const auto server : crowd.servers) {
          out[server] = true;
          add(Kind::Unsure, datagrams, sides[client], sides[server]);
        }
      }
    }
    return out;
  }

  void pair(Side one, Side other, bool datagrams) {
    const auto &a = ends(one, datagrams), &b = ends(other, datagrams);
    if (!datagrams) {
      bool unsure = !in_order(a, b) || missed(one, other) || missed(other, one);
      for (const auto& [client, server] : {std::pair{one, other}, std::pair{other, one}}) {
        if (!led_elsewhere(client, server, unsure)) continue;
        if (ends(client, false).uses.size() <= ends(server, false).uses.size() && !hidden(client.pod) && !unsure)
          continue;
        alone(client, false);
        unsure = true;
      }
      if (unsure) return add(Kind::Unsure, false, one, other);
    }
    const auto together = static_cast<std::uint32_t>(std::min(a.uses.size(), b.uses.size()));
    for (one.use = other.use = 0; one.use < together; ++one.use, ++other.use) add(Kind::Pair, datagrams, one, other);
    for (; one.use < a.uses.size(); ++one.use)
      add(Kind::OneSided, datagrams, one, {other.pod, Side::kNone, Side::kNone});
    for (; other.use < b.uses.size(); ++other.use)
      add(Kind::OneSided, datagrams, other, {one.pod, Side::kNone, Side::kNone});
  }

  // Through a Service to another pod? To one that may not tell all; or, if it is unsure, to any.
  bool led_elsewhere(const Side& client, const Side& server, bool unsure) const {
    const auto& address = ends(client, false).name.remote.address;
    if (addresses_.contains(address)) return false;
    for (std::uint32_t pod = 0; pod < pods_.size(); ++pod) {
      if (pod == client.pod || pod == server.pod) continue;
      if (may_lead(address, pod) && (gaps(pod) || (named(address, pod) && (dead(pod) || unsure)))) return true;
    }
    return false;
  }

  void alone(Side side, bool datagrams) {
    const auto& end = ends(side, datagrams);
    const auto owner = owner_.find(end.name.remote.address);
    const auto add_uses = [&](std::uint32_t other) {
      for (side.use = 0; side.use < end.uses.size(); ++side.use)
        add(Kind::OneSided, datagrams, side, {other, Side::kNone, Side::kNone});
    };
    if (owner != owner_.end()) return add_uses(owner->second);
    bool inside = false;
    for (std::uint32_t pod = 0; pod < pods_.size(); ++pod) {
      // What a pod may have forgotten came to it through an address that leads to it.
      if (pod == side.pod || !may_lead(end.name.remote.address, pod)) continue;
      if (!gaps(pod) && !named(end.name.remote.address, pod)) continue;
      inside = inside || named(end.name.remote.address, pod);
      add_uses(pod);
    }
    if (!inside) (datagrams ? out_.outside_flows : out_.outside).push_back({side.pod, side.ends});
  }

  void unobserved() {
    for (std::uint32_t one = 0; one < pods_.size(); ++one) {
      for (std::uint32_t other = one + 1; other < pods_.size(); ++other) {
        if (!(gaps(one) && gaps(other)) && !(gaps(one) && dead(other)) && !(dead(one) && gaps(other))) continue;
        add(Kind::Unobserved, false, {one, Side::kNone, Side::kNone}, {other, Side::kNone, Side::kNone});
      }
    }
  }

  void add(Kind kind, bool datagrams, const Side& one, const Side& other) {
    out_.links.push_back({kind, datagrams, {one, other}});
  }

  const std::vector<PodHistory>& pods_;
  std::map<std::string, std::uint32_t> owner_;
  std::set<std::string> addresses_;
  Links out_;
};

// ---- worth ----

constexpr std::uint64_t kAlive =
    kAny - 1;  // needed by a connection that is open now: the other end as it is now, or closed

Worth of_use(const Use& use, const Use* other, std::uint32_t point, bool present, bool settled) {
  const auto presence = use.presence(point);
  const auto amounts = use.amounts(point);
  if (presence == Presence::Absent) return {};
  Worth out{amounts.sent, 1 + amounts.received, amounts.received, 0};
  out.acked = amounts.acked > 0 ? 1 + amounts.acked : 0;
  if (presence == Presence::Open && present && !settled) out.acked = kAlive;
  if (presence == Presence::Closed) out.confirmed = kAny;
  if (presence == Presence::Closed &&
      use.vanished) {  // at last it may have sent anything, and received all that was ever sent to it
    out.sent = kAny;
    if (other != nullptr) {
      out.received = std::max(out.received, other->values.back().sent);
      if (other->values.back().received > 0) out.acked = std::max(out.acked, 1 + other->values.back().received);
    }
  }
  return out;
}

// An end of which nothing is known: it lay, if anywhere, within the unobserved intervals.
Worth of_nothing(const Timeline& of, const Use& other, std::uint32_t point) {
  Worth out;
  if (of.unobserved.empty()) return out;
  if (of.present && point >= of.unobserved.back())
    out.sent = kAny, out.confirmed = kAlive - 1;  // closed, or never begun
  if (point >= of.unobserved.front()) {
    out.received = other.values.back().sent;
    out.acked = other.values.back().received > 0 ? 1 + other.values.back().received : 0;
  }
  return out;
}

Worth of_gaps(const Timeline& of, std::uint32_t point) {
  Worth out;
  if (of.present && (of.unobserved.empty() || point >= of.unobserved.back())) out.sent = out.confirmed = kAny;
  if (!of.unobserved.empty() && point >= of.unobserved.front()) out.received = out.acked = 1;
  return out;
}

// All uses as one: whoever has received anything needs the other end as it was at last. The numbers themselves only
// tell whether there was anything new.
Worth of_all(const Timeline& of, const Ends& ends, std::uint32_t point) {
  Worth out;
  bool last = of.present, alive = false;
  for (const auto& use : ends.uses) {
    const auto now = use.amounts(point);
    last = last && point >= use.first && now == use.values.back() && (!use.closed || point >= use.last());
    alive = alive || (point > of.checkpoints && use.presence(point) == Presence::Open);
    const std::uint64_t gone = use.vanished && point >= use.last() ? 1 : 0;  // and with it, perhaps, more
    out.received += now.received + gone;
    out.acked += now.acked + gone;
  }
  if (alive) out.acked = kAlive;
  if (last) out.sent = kAny, out.confirmed = kAlive - 1;
  return out;
}

}  // namespace

Links find_links(const std::vector<PodHistory>& pods) { return Finder{pods}.find(); }

Worth worth(const Links& links, const Link& link, int side, std::uint32_t point, bool settled_present) {
  const auto& mine = link.sides[static_cast<std::size_t>(side)];
  const auto& theirs = link.sides[static_cast<std::size_t>(1 - side)];
  const auto& timeline = links.timelines[mine.pod];
  const auto use = [&](const Side& of) {
    return of.use == Side::kNone ? nullptr : &links.ends(of, link.datagrams).uses[of.use];
  };
  Worth out;
  switch (link.kind) {
    case Kind::Pair:
    case Kind::OneSided: {
      const bool present = point > timeline.checkpoints;
      out = use(mine) != nullptr ? of_use(*use(mine), use(theirs), point, present, present && settled_present)
                                 : of_nothing(timeline, *use(theirs), point);
      break;
    }
    case Kind::Unsure:
      out = of_all(timeline, links.ends(mine, link.datagrams), point);
      break;
    case Kind::Unobserved:
      out = of_gaps(timeline, point);
      break;
  }
  if (link.datagrams) out.confirmed = out.acked = 0;  // the network may lose them
  return out;
}

}  // namespace cutline::protocol
