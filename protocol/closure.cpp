#include "protocol/closure.hpp"

#include <algorithm>
#include <deque>

namespace cutline::protocol {
namespace {

struct Moved {
  std::uint64_t sent = 0, received = 0;
};

using Table = std::map<Connection, Moved>;

void add(Table& table, const CounterTable& counters) {
  for (const auto& c : counters) {
    auto& moved = table[{c.local, c.remote}];
    moved.sent = std::max(moved.sent, c.sent);
    moved.received = std::max(moved.received, c.received);
  }
}

// Datagrams are named as connections without ports.
void add(Table& table, const FlowTable& flows) {
  for (const auto& f : flows) table[{{f.local, 0}, {f.remote, 0}}] = {f.sent, f.received};
}

Table table_of(const LocalCheckpoint& checkpoint) {
  Table out;
  add(out, checkpoint.closed);
  add(out, checkpoint.counters);
  add(out, checkpoint.flows);
  return out;
}

Connection mirrored(const Connection& c) { return {c.remote, c.local}; }

// What all pods that were asked have said, made ready for questions.
class Views {
 public:
  Views(const std::map<PodUid, Known>& known, const Candidates& candidates) {
    for (const auto& [pod, addresses] : candidates)
      for (const auto& address : addresses) by_address_.emplace(address, pod);
    for (const auto& [pod, one] : known) {
      auto& view = views_[pod];
      view.present = table_of(one.present);
      if (one.last) view.last = table_of(*one.last);
      view.observed = one.present.observed;
      for (const auto& c : one.present.counters) view.open.insert({c.local, c.remote});
      for (const auto* table : {&view.present, &view.last})
        for (const auto& [connection, moved] : *table) seen_by_.emplace(connection.remote, std::pair{pod, connection});
    }
  }

  struct View {
    Table last, present;
    std::set<Connection> open;
    bool observed = true;
  };
  [[nodiscard]] const View* of(const PodUid& pod) const {
    const auto found = views_.find(pod);
    return found == views_.end() ? nullptr : &found->second;
  }

  struct Other {
    PodUid pod;
    Connection connection;  // as that pod names it
  };
  // A Service's address is nobody's: there the server's side shows the client's own endpoint. Nothing: nobody who was asked knows it.
  [[nodiscard]] std::optional<Other> other_end(const PodUid& pod, const Connection& connection) const {
    if (const auto found = by_address_.find(connection.remote.address); found != by_address_.end())
      return Other{found->second, client_side_name(found->second, connection)};
    const auto [first, last] = seen_by_.equal_range(connection.local);
    for (auto it = first; it != last; ++it)
      if (it->second.first != pod) return Other{it->second.first, it->second.second};
    return std::nullopt;
  }

 private:
  // The peer may have reached us through a Service: then it names our end otherwise.
  [[nodiscard]] Connection client_side_name(const PodUid& peer, const Connection& connection) const {
    const auto plain = mirrored(connection);
    const auto* view = of(peer);
    if (view == nullptr || connection.remote.port == 0 || view->present.contains(plain) || view->last.contains(plain)) return plain;
    for (const auto* table : {&view->present, &view->last})
      for (auto it = table->lower_bound({connection.remote, {}}); it != table->end() && it->first.local == connection.remote; ++it)
        if (!by_address_.contains(it->first.remote.address)) return it->first;
    return plain;
  }

  std::map<std::string, PodUid> by_address_;
  std::map<PodUid, View> views_;
  std::multimap<Endpoint, std::pair<PodUid, Connection>> seen_by_;  // by the remote endpoint that they show
};

Moved at(const Table& table, const Connection& connection) {
  const auto found = table.find(connection);
  return found == table.end() ? Moved{} : found->second;
}

class Search {
 public:
  Search(Rule rule, const Views& views, const std::map<PodUid, Known>& known, const Candidates& candidates)
      : rule_(rule), views_(views), candidates_(candidates) {
    for (const auto& [pod, addresses] : candidates)
      if (!known.contains(pod)) unknown_.insert(pod);
  }

  Closure run(const PodUid& initiator) && {
    take(initiator, {Why::Reason::Initiator, {}, 0});
    while (!open_.empty()) {
      const auto pod = open_.front();
      open_.pop_front();
      follow(pod);
    }
    std::erase_if(out_.orphans, [&](const LeftOrphan& orphan) { return out_.members.contains(orphan.from); });
    return std::move(out_);
  }

 private:
  void take(const PodUid& pod, Why why) {
    if (const auto [at, fresh] = out_.members.emplace(pod, std::move(why)); fresh) open_.push_back(pod);
  }

  void follow(const PodUid& pod) {
    const auto* view = views_.of(pod);
    if (view == nullptr) {
      out_.ask.insert(pod);
      return;
    }
    if (!view->observed)
      for (const auto& [candidate, addresses] : candidates_) take(candidate, {Why::Reason::NotObserved, pod, 0});
    auto all = view->present;
    for (const auto& [connection, then] : view->last) {  // what closed before the last checkpoint can be an orphan still
      auto& now = all[connection];
      now = {std::max(now.sent, then.sent), std::max(now.received, then.received)};
    }
    for (const auto& [connection, now] : all) judge(pod, *view, connection, now);
  }

  void judge(const PodUid& pod, const Views::View& view, const Connection& connection, const Moved& now) {
    const auto before = at(view.last, connection);
    const auto other = views_.other_end(pod, connection);
    if (!other) {
      const bool silent = now.sent <= before.sent && now.received == 0;
      if (!unknown_.empty() && !silent) out_.ask.insert(unknown_.begin(), unknown_.end());  // a Service of one of them, or outside
      else if (unknown_.empty() && view.open.contains(connection)) out_.external.push_back({connection.local, connection.remote, 0, now.sent, now.received});
      return;
    }
    if (other->pod == pod) return;
    if (now.sent > before.sent) take(other->pod, {Why::Reason::SentTo, pod, now.sent - before.sent});
    if (now.received > 0) received(pod, *other, now.received);
  }

  void received(const PodUid& pod, const Views::Other& other, std::uint64_t amount) {
    const auto* peer = views_.of(other.pod);
    if (peer == nullptr) {
      out_.ask.insert(other.pod);
      return;
    }
    const auto sent = at(peer->last, other.connection).sent;
    if (amount <= sent) return;
    if (rule_ == Rule::Consistent) take(other.pod, {Why::Reason::ReceivedFrom, pod, amount - sent});
    else out_.orphans.push_back({other.pod, pod, amount - sent});
  }

  Rule rule_;
  const Views& views_;
  const Candidates& candidates_;
  std::set<PodUid> unknown_;
  std::deque<PodUid> open_;
  Closure out_;
};

}  // namespace

Closure closure(const PodUid& initiator, Rule rule, const std::map<PodUid, Known>& known, const Candidates& candidates) {
  const Views views{known, candidates};
  return Search{rule, views, known, candidates}.run(initiator);
}

}  // namespace cutline::protocol
