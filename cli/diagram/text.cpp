#include "cli/diagram/text.hpp"

#include "cli/diagram/columns.hpp"
#include "cli/words.hpp"

namespace cutline::cli {
namespace {

constexpr std::size_t kLetters = 26;

struct Glyphs {
  const char *life, *gone, *start, *trimmed, *end, *failed, *open, *chosen, *closed, *down, *along, *up_right, *up_left,
      *down_right, *down_left;
};
constexpr Glyphs kUtf8{"─", "╌", "├", "┄", "▶", "✗", "(", "◆", ")", "┊", "╌", "╰", "╯", "╭", "╮"};
constexpr Glyphs kAscii{"-", ".", "|", "~", ">", "X", "(", "#", ")", ":", ".", "`", "'", ".", "."};

// Cells of one column each.
class Canvas {
 public:
  Canvas(std::size_t rows, std::size_t columns) : cells_(rows, std::vector<std::string>(columns, " ")) {}
  void put(std::size_t row, int x, std::string_view cell) { cells_[row].at(static_cast<std::size_t>(x)) = cell; }
  void write(std::size_t row, int x, std::string_view ascii) {
    for (const char c : ascii) put(row, x++, std::string_view{&c, 1});
  }
  [[nodiscard]] std::string row(std::size_t row) const {
    auto out = fmt::format("{}", fmt::join(cells_[row], ""));
    return out.erase(out.find_last_not_of(' ') + 1);
  }

 private:
  std::vector<std::vector<std::string>> cells_;
};

// Room for the marks' numbers, whose widths differ.
Spacing spacing(const Diagram& d) {
  std::size_t digits = 1;
  for (const auto& row : d.rows)
    for (const auto& mark : row.marks) digits = std::max(digits, std::to_string(mark.index).size());
  const auto half = static_cast<int>(digits + 3) / 2;
  return {.own = 2 * half + 3, .pad = half + 1, .event = 2, .slant = 2, .step = 1};
}

class TextDrawing {
 public:
  TextDrawing(const Diagram& d, const Place& place, const Glyphs& glyphs)
      : d_(d), place_(place), g_(glyphs), canvas_(2 * d.rows.size(), static_cast<std::size_t>(place.width) + 2) {}

  std::vector<std::string> draw() && {
    for (std::size_t r = 0; r < d_.rows.size(); ++r) life(r);
    line();
    for (std::size_t i = 0; i < d_.arrows.size(); ++i) {
      canvas_.put(2 * d_.arrows[i].from, place_.sent[i], std::string(1, static_cast<char>('a' + i)));
      canvas_.put(2 * d_.arrows[i].to, place_.received[i], std::string(1, static_cast<char>('A' + i)));
    }
    for (std::size_t r = 0; r < d_.rows.size(); ++r) marks(r);
    std::vector<std::string> out;
    for (std::size_t r = 0; r < 2 * d_.rows.size(); ++r) out.push_back(canvas_.row(r));
    return out;
  }

 private:
  void life(std::size_t r) {
    const auto& row = d_.rows[r];
    const auto& x = place_.marks[r];
    const int kept = row.undone && row.line ? x[*row.line] : place_.width;
    for (int i = x[0]; i < place_.width; ++i) canvas_.put(2 * r, i, i < kept ? g_.life : g_.gone);
    canvas_.put(2 * r, x[0], row.trimmed ? g_.trimmed : g_.start);
    canvas_.put(2 * r, place_.width, row.failed ? g_.failed : g_.end);
  }

  void marks(std::size_t r) {
    const auto& row = d_.rows[r];
    for (std::size_t p = 0; p <= row.present(); ++p) {
      const int x = place_.marks[r][p];
      if (p == 0 || p == row.present()) {
        if (row.line == p) canvas_.put(2 * r, x, g_.chosen);
        continue;
      }
      const auto number = std::to_string(row.marks[p - 1].index);
      const int left = x - static_cast<int>(number.size() + 1) / 2;
      canvas_.put(2 * r, left, row.line == p ? g_.chosen : g_.open);
      canvas_.write(2 * r, left + 1, number);
      canvas_.put(2 * r, left + 1 + static_cast<int>(number.size()), row.line == p ? g_.chosen : g_.closed);
    }
  }

  // Down from row to row; where the next point is elsewhere, over to it first.
  void line() {
    std::optional<int> at;
    for (std::size_t r = 0; r < d_.rows.size(); ++r) {
      if (!d_.rows[r].line) {
        if (at) canvas_.put(2 * r, *at, g_.down), canvas_.put(2 * r - 1, *at, g_.down);
        continue;
      }
      const int x = place_.marks[r][*d_.rows[r].line];
      if (at) step(2 * r - 1, *at, x);
      at = x;
    }
  }

  void step(std::size_t row, int from, int to) {
    if (from == to) return canvas_.put(row, from, g_.down);
    for (int i = std::min(from, to) + 1; i < std::max(from, to); ++i) canvas_.put(row, i, g_.along);
    canvas_.put(row, from, from < to ? g_.up_right : g_.up_left);
    canvas_.put(row, to, from < to ? g_.down_left : g_.down_right);
  }

  const Diagram& d_;
  const Place& place_;
  const Glyphs& g_;
  Canvas canvas_;
};

std::string legend(const Diagram& d, std::size_t width) {
  std::string out;
  std::vector<std::vector<std::string>> rows{{"", "SENT", "RECEIVED", "BYTES", ""}};
  for (std::size_t i = 0; i < d.arrows.size(); ++i) {
    const auto& a = d.arrows[i];
    rows.push_back({std::string(1, static_cast<char>('a' + i)),
                    fmt::format("{} {}", d.rows[a.from].pod, interval_name(d.rows[a.from], a.sent_in)),
                    fmt::format("{} {}", d.rows[a.to].pod, interval_name(d.rows[a.to], a.received_in)), bytes(a.bytes),
                    a.kind == Kind::Plain ? "" : name(a.kind)});
  }
  if (rows.size() > 1) out += "\n" + table(rows);
  if (!d.cascade.empty()) out += "\nGoes back, in this order:\n";
  for (std::size_t i = 0; i < d.cascade.size(); ++i) {
    const auto& b = d.cascade[i];
    out += folded(fmt::format("{:>2}  {} from {} to {}: {}", i + 1, d.rows[b.row].pod,
                              state_name(d.rows[b.row], b.from), state_name(d.rows[b.row], b.to), b.because),
                  width, "    ") +
           "\n";
  }
  if (!d.notes.empty()) out += "\n";
  for (const auto& note : d.notes) out += folded(note, width, "  ") + "\n";
  return out;
}

// What the line and the cascade need stays, even if it is too wide then.
std::pair<Diagram, Place> fitted(const Diagram& whole, int room) {
  std::size_t last = 1;
  for (const auto& row : whole.rows) last = std::max(last, row.marks.size());
  auto letters = kLetters;
  auto gaps = spacing(whole);
  for (;;) {
    auto d = fewer_arrows(trimmed(whole, last), letters);
    auto at = place(d, gaps, room);
    if (at.width <= room || (last == 1 && letters == 0)) return {std::move(d), std::move(at)};
    if (gaps.step != 0)
      gaps.step = 0;
    else if (last > 1)
      --last;
    else
      letters /= 2;
  }
}

}  // namespace

std::string text(const Diagram& whole, std::size_t width, bool ascii) {
  const auto& glyphs = ascii ? kAscii : kUtf8;
  std::size_t gutter = 0;
  for (const auto& row : whole.rows) gutter = std::max(gutter, columns_of(row.pod) + 2);
  const auto room = static_cast<int>(width > gutter + 10 ? width - gutter - 2 : 8);
  const auto [d, at] = fitted(whole, room);
  std::string out = d.title + "\n" + folded(d.subtitle, width) + "\n\n";
  const auto lines = TextDrawing{d, at, glyphs}.draw();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto name = i % 2 == 0 ? d.rows[i / 2].pod : std::string{};
    auto line = name + std::string(gutter - columns_of(name), ' ') + lines[i];
    out += line.erase(line.find_last_not_of(' ') + 1) + "\n";
  }
  if (std::ranges::any_of(d.rows, [](const Row& r) { return r.line.has_value(); }))
    out += fmt::format("{}{} {}   time runs to the right; a small letter sends, the same large letter receives\n",
                       std::string(gutter, ' '), glyphs.chosen, d.line_name);
  return out + legend(d, width);
}

}  // namespace cutline::cli
