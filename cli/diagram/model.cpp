#include "cli/diagram/model.hpp"

#include "cli/words.hpp"

namespace cutline::cli {
namespace {

Kind kind_of(const Diagram& d, const Arrow& a) {
  const auto &from = d.rows[a.from], &to = d.rows[a.to];
  if (!from.line || !to.line) return Kind::Plain;
  const bool sent = a.sent_in < *from.line, received = a.arrived && a.received_in < *to.line;
  if (sent) return received || (!a.arrived && *to.line == to.present()) ? Kind::Plain : Kind::InTransit;
  if (received) return Kind::Orphan;
  if (!from.undone && !to.undone) return Kind::Plain;
  const bool cause = std::ranges::any_of(d.cascade, [&](const Back& b) {
    return b.row == a.to && b.peer == a.from && a.arrived && a.sent_in >= b.peer_at && a.received_in < b.from &&
           a.received_in >= b.to;
  });
  return cause ? Kind::Cause : Kind::Undone;
}

int weight(Kind kind) {
  switch (kind) {
    case Kind::Orphan:
      return 0;
    case Kind::Cause:
      return 1;
    case Kind::InTransit:
      return 2;
    case Kind::Plain:
      return 3;
    case Kind::Undone:
      return 4;
  }
  return 4;
}

// How many of a row's oldest marks may go.
std::size_t superfluous(const Diagram& d, std::size_t row, std::size_t last) {
  const auto& r = d.rows[row];
  auto first = r.marks.size() > last ? r.marks.size() - last : 0;
  const auto keep = [&](std::size_t position) { first = std::min(first, position == 0 ? 0 : position - 1); };
  if (r.line) keep(*r.line);
  for (const auto& b : d.cascade) {
    if (b.row == row) keep(b.to);
    if (b.peer == row) keep(b.peer_at);
  }
  return first;
}

}  // namespace

void classify(Diagram& diagram) {
  for (auto& arrow : diagram.arrows) arrow.kind = kind_of(diagram, arrow);
}

Diagram trimmed(Diagram d, std::size_t last) {
  std::vector<std::size_t> gone;
  for (std::size_t row = 0; row < d.rows.size(); ++row) gone.push_back(superfluous(d, row, last));
  const auto moved = [&](std::size_t row, std::size_t position) { return position - std::min(position, gone[row]); };
  std::erase_if(d.arrows, [&](const Arrow& a) {
    return (gone[a.from] != 0 && a.sent_in <= gone[a.from]) && (gone[a.to] == 0 || a.received_in <= gone[a.to]);
  });
  for (auto& a : d.arrows) {
    a.sent_in = moved(a.from, a.sent_in);
    a.received_in = moved(a.to, a.received_in);
  }
  for (auto& b : d.cascade) {
    b.from = moved(b.row, b.from);
    b.to = moved(b.row, b.to);
    if (b.peer) b.peer_at = moved(*b.peer, b.peer_at);
  }
  for (std::size_t row = 0; row < d.rows.size(); ++row) {
    auto& r = d.rows[row];
    r.marks.erase(r.marks.begin(), r.marks.begin() + static_cast<std::ptrdiff_t>(gone[row]));
    r.trimmed = r.trimmed || gone[row] != 0;
    if (r.line) r.line = moved(row, *r.line);
  }
  return d;
}

Diagram fewer_arrows(Diagram d, std::size_t most) {
  if (d.arrows.size() <= most) return d;
  std::ranges::stable_sort(d.arrows, {}, [&](const Arrow& a) {  // the latest first, then the largest
    return std::tuple{weight(a.kind), d.rows[a.to].present() - a.received_in, ~a.bytes};
  });
  std::uint64_t left_out = 0;
  for (auto i = most; i < d.arrows.size(); ++i) left_out += d.arrows[i].bytes;
  d.notes.push_back(
      fmt::format("{} not drawn, with {} in all", count(d.arrows.size() - most, "message"), bytes(left_out)));
  d.arrows.resize(most);
  return d;
}

std::string state_name(const Row& row, std::size_t position) {
  if (position == 0) return row.trimmed ? "an earlier checkpoint" : "start";
  return position > row.marks.size() ? "present" : fmt::format("checkpoint {}", row.marks[position - 1].index);
}

std::string interval_name(const Row& row, std::size_t interval) {
  if (interval == 0 && !row.marks.empty()) return fmt::format("before checkpoint {}", row.marks.front().index);
  return fmt::format("after {}", state_name(row, std::min(interval, row.marks.size())));
}

const char* name(Kind kind) {
  switch (kind) {
    case Kind::Plain:
      return "message";
    case Kind::InTransit:
      return "in transit over the line";
    case Kind::Orphan:
      return "orphan: received, not sent";
    case Kind::Cause:
      return "orphan that took its receiver back";
    case Kind::Undone:
      return "undone";
  }
  return "";
}

std::string described(const Diagram& d) {
  std::vector<std::string> points;
  for (const auto& row : d.rows)
    if (row.line) points.push_back(fmt::format("{} at {}", row.pod, state_name(row, *row.line)));
  auto out = fmt::format("{}. {}. {}", d.title, count(d.rows.size(), "pod"), count(d.arrows.size(), "message"));
  if (!points.empty())
    out += fmt::format(". {}: {}", d.line_name.empty() ? "The recovery line" : d.line_name, fmt::join(points, ", "));
  for (std::size_t i = 0; i < d.cascade.size(); ++i) {
    const auto& b = d.cascade[i];
    out += fmt::format(". {}: {} goes back from {} to {}: {}", i + 1, d.rows[b.row].pod,
                       state_name(d.rows[b.row], b.from), state_name(d.rows[b.row], b.to), b.because);
  }
  return out + ".";
}

}  // namespace cutline::cli
