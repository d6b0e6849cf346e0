#include "cli/diagram/columns.hpp"

#include <map>

namespace cutline::cli {
namespace {

struct Edge {
  std::size_t from = 0, to = 0;
  int distance = 0;
};

class Solver {
 public:
  Solver(const Diagram& d, const Spacing& s) : d_(d), s_(s) {
    for (const auto& row : d.rows) {
      first_.push_back(nodes_);
      nodes_ += row.marks.size() + 2;
    }
    for (std::size_t r = 0; r < d.rows.size(); ++r) own(r);
  }

  // Gives up what contradicts: times first, then cuts, then messages.
  std::vector<int> solve() {
    const auto basic = edges_.size();
    messages();
    const auto causal = edges_.size();
    times();
    for (const bool cuts : {true, false}) {
      if (auto x = relax(edges_, cuts)) return *x;
      if (auto x = relax({edges_.begin(), edges_.begin() + static_cast<std::ptrdiff_t>(causal)}, cuts)) return *x;
    }
    return *relax({edges_.begin(), edges_.begin() + static_cast<std::ptrdiff_t>(basic)}, false);
  }

  [[nodiscard]] std::size_t node(std::size_t row, std::size_t position) const { return first_[row] + position; }

 private:
  void own(std::size_t row) {
    std::vector<int> events(d_.rows[row].marks.size() + 1);
    for (const auto& a : d_.arrows) {
      if (a.from == row) ++events.at(a.sent_in);
      if (a.to == row) ++events.at(a.received_in);
    }
    for (std::size_t k = 0; k < events.size(); ++k)
      edges_.push_back({node(row, k), node(row, k + 1),
                        std::max(s_.own, events[k] == 0 ? 0 : 2 * s_.pad + (events[k] - 1) * s_.event)});
  }

  void messages() {
    for (const auto& a : d_.arrows)
      edges_.push_back({node(a.from, a.sent_in), node(a.to, a.received_in + 1), 2 * s_.pad + s_.slant});
  }

  void times() {
    std::map<Time, std::vector<std::size_t>> at;
    for (std::size_t r = 0; r < d_.rows.size(); ++r)
      for (std::size_t k = 0; k < d_.rows[r].marks.size(); ++k)
        if (const auto& time = d_.rows[r].marks[k].time) at[*time].push_back(node(r, k + 1));
    const std::vector<std::size_t>* before = nullptr;
    for (const auto& [time, marks] : at) {
      if (before != nullptr)
        for (const auto from : *before)
          for (const auto to : marks) edges_.push_back({from, to, s_.step});
      before = &marks;
    }
  }

  // The least x of each node; nothing if the edges go round in a circle.
  [[nodiscard]] std::optional<std::vector<int>> relax(const std::vector<Edge>& edges, bool cuts) const {
    std::map<std::string, std::vector<std::size_t>> columns;
    for (std::size_t r = 0; r < d_.rows.size(); ++r)
      for (std::size_t k = 0; k < d_.rows[r].marks.size(); ++k)
        if (cuts && !d_.rows[r].marks[k].snapshot.empty())
          columns[d_.rows[r].marks[k].snapshot].push_back(node(r, k + 1));
    std::vector<int> x(nodes_, 0);
    for (std::size_t pass = 0; pass <= nodes_ + 1; ++pass) {
      bool moved = false;
      const auto raise = [&](std::size_t at, int to) {
        if (x[at] >= to) return;
        x[at] = to;
        moved = true;
      };
      for (const auto& e : edges) raise(e.to, x[e.from] + e.distance);
      for (const auto& [name, marks] : columns) {
        int right = 0;
        for (const auto at : marks) right = std::max(right, x[at]);
        for (const auto at : marks) raise(at, right);
      }
      if (!moved) return x;
    }
    return std::nullopt;
  }

  const Diagram& d_;
  const Spacing& s_;
  std::vector<std::size_t> first_;
  std::size_t nodes_ = 0;
  std::vector<Edge> edges_;
};

// The events of one interval, in the order in which they would like to be, moved apart.
class Events {
 public:
  Events(int left, int right, const Spacing& s)
      : left_(left + s.pad), right_(std::max(right - s.pad, left + s.pad)), apart_(s.event) {}
  void add(int wish, std::size_t tie, int* x) { all_.push_back({wish, tie, x}); }

  void spread() {
    std::ranges::sort(all_, {}, [](const Event& e) { return std::pair{e.wish, e.tie}; });
    const auto n = static_cast<int>(all_.size());
    const auto apart = n > 1 ? std::min(apart_, (right_ - left_) / (n - 1)) : 0;
    int least = left_;
    for (int i = 0; i < n; ++i) {
      auto& event = all_[static_cast<std::size_t>(i)];
      *event.x = std::clamp(event.wish, least, right_ - (n - 1 - i) * apart);
      least = *event.x + apart;
    }
  }

 private:
  struct Event {
    int wish = 0;
    std::size_t tie = 0;
    int* x = nullptr;
  };
  int left_, right_, apart_;
  std::vector<Event> all_;
};

// Near the middle of the time in which both intervals run, a little earlier here and later there.
void set_events(const Diagram& d, const Spacing& s, Place& out) {
  out.sent.assign(d.arrows.size(), 0);
  out.received.assign(d.arrows.size(), 0);
  std::map<std::pair<std::size_t, std::size_t>, Events> intervals;
  const auto interval = [&](std::size_t row, std::size_t k) -> Events& {
    return intervals.try_emplace({row, k}, out.marks[row][k], out.marks[row][k + 1], s).first->second;
  };
  for (std::size_t i = 0; i < d.arrows.size(); ++i) {
    const auto& a = d.arrows[i];
    const auto &from = out.marks[a.from], &to = out.marks[a.to];
    const int left = std::max(from[a.sent_in], to[a.received_in]),
              right = std::min(from[a.sent_in + 1], to[a.received_in + 1]);
    const int middle = (left + right) / 2, half = s.slant / 2;
    const bool together = left < right;
    interval(a.from, a.sent_in).add(together ? middle - half : from[a.sent_in + 1], a.to, &out.sent[i]);
    interval(a.to, a.received_in).add(together ? middle + half : to[a.received_in], a.from, &out.received[i]);
  }
  for (auto& [key, events] : intervals) events.spread();
  for (std::size_t i = 0; i < d.arrows.size(); ++i) {  // never to the left
    const auto& a = d.arrows[i];
    auto &sent = out.sent[i], &received = out.received[i];
    if (received - sent >= s.slant) continue;
    received = std::max(received, std::min(sent + s.slant, out.marks[a.to][a.received_in + 1] - s.pad));
    sent = std::min(sent, std::max(received - s.slant, out.marks[a.from][a.sent_in] + s.pad));
  }
}

}  // namespace

Place place(const Diagram& d, const Spacing& s, int least) {
  Solver solver{d, s};
  const auto x = solver.solve();
  Place out;
  for (const auto at : x) out.width = std::max(out.width, at);
  const auto needed = std::max(1, out.width);
  const auto width = std::max(needed, least);
  for (std::size_t r = 0; r < d.rows.size(); ++r) {
    auto& row = out.marks.emplace_back();
    for (std::size_t k = 0; k <= d.rows[r].marks.size(); ++k)
      row.push_back(static_cast<int>(std::int64_t{x[solver.node(r, k)]} * width / needed));
    row.push_back(width);
  }
  out.width = width;
  set_events(d, s, out);
  return out;
}

}  // namespace cutline::cli
