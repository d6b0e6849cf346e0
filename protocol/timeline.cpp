#include "protocol/timeline.hpp"

#include <algorithm>
#include <unordered_map>

#include "protocol/pairing.hpp"

namespace cutline::protocol {
namespace {

struct Hash {
  std::size_t operator()(const Connection& c) const {
    const std::hash<std::string> text;
    auto out = text(c.local.address) * 31 + text(c.remote.address);
    return out * 1000003 + std::size_t{c.local.port} * 65536 + c.remote.port;
  }
};

bool falls(const Amounts& now, const Amounts& before) {
  return now.acked < before.acked || now.sent < before.sent || now.received < before.received;
}

class Reader {
 public:
  Reader(const std::vector<std::string>& addresses) : addresses_{addresses} {}

  void read(const LocalCheckpoint& state) {
    ++point_;
    if (!state.observed) out_.unobserved.push_back(point_);
    for (const auto& end : state.closed) close(end);
    for (const auto& end : state.counters) open(end);
    vanish();
    for (const auto& flow : state.flows) count(flow);
  }

  Timeline finish(bool present) && {
    out_.present = present;
    out_.checkpoints = point_ - (present ? 1 : 0);
    return std::move(out_);
  }

 private:
  std::size_t find(Connection name, std::unordered_map<Connection, std::size_t, Hash>& known, std::vector<Ends>& all) {
    const auto [it, fresh] = known.emplace(std::move(name), all.size());
    if (fresh) all.push_back({it->first, {}});
    return it->second;
  }

  void close(const Counters& end) {
    if (within_pod(addresses_, end.remote.address)) return;
    const auto index = find({end.local, end.remote}, connections_, out_.connections);
    auto& uses = out_.connections[index].uses;
    const Amounts last{end.acked, end.sent, end.received};
    if (!uses.empty() && !uses.back().closed) {
      if (!falls(last, uses.back().values.back())) return append(uses.back(), last, true);
      uses.back().vanished = true;  // and this is another one
      append(uses.back(), uses.back().values.back(), true);
    }
    uses.push_back({point_, {last}, true, false});
  }

  void open(const Counters& end) {
    if (within_pod(addresses_, end.remote.address)) return;
    const auto index = find({end.local, end.remote}, connections_, out_.connections);
    auto& uses = out_.connections[index].uses;
    const Amounts now{end.acked, end.sent, end.received};
    if (!uses.empty() && !uses.back().closed && uses.back().last() == point_) return;  // told twice
    opened_.push_back(index);
    if (!uses.empty() && !uses.back().closed) {
      if (!falls(now, uses.back().values.back())) return append(uses.back(), now, false);
      uses.back().vanished = true;
      append(uses.back(), uses.back().values.back(), true);
    }
    uses.push_back({point_, {now}, false, false});
  }

  // Open at the point before, and nowhere now.
  void vanish() {
    for (const auto index : opened_before_) {
      auto& use = out_.connections[index].uses.back();
      if (use.closed || use.last() == point_) continue;
      use.vanished = true;
      append(use, use.values.back(), true);
    }
    opened_before_.swap(opened_);
    opened_.clear();
  }

  void count(const Flow& flow) {
    if (within_pod(addresses_, flow.remote)) return;
    auto& uses = out_.flows[find({{flow.local, 0}, {flow.remote, 0}}, flows_, out_.flows)].uses;
    if (uses.empty()) uses.push_back({point_, {Amounts{}}, false, false});
    auto& use = uses.back();
    const auto before = use.values.back();
    use.values.resize(point_ - use.first + 1, before);
    use.values.back() = {0, std::max(flow.sent, before.sent), std::max(flow.received, before.received)};
  }

  static void append(Use& use, const Amounts& amounts, bool closed) {
    use.values.push_back(amounts);
    use.closed = closed;
  }

  const std::vector<std::string>& addresses_;
  Timeline out_;
  std::uint32_t point_ = 0;
  std::unordered_map<Connection, std::size_t, Hash> connections_, flows_;
  std::vector<std::size_t> opened_, opened_before_;
};

}  // namespace

Timeline timeline(const History& history, const std::vector<std::string>& addresses) {
  Reader reader{addresses};
  for (const auto& checkpoint : history.checkpoints) reader.read(checkpoint);
  if (history.present) reader.read(*history.present);
  return std::move(reader).finish(history.present.has_value());
}

}  // namespace cutline::protocol
