#include "cli/diagram/svg.hpp"

#include <cmath>
#include <set>

#include "cli/diagram/columns.hpp"
#include "cli/words.hpp"

namespace cutline::cli {
namespace {

constexpr int kTop = 92, kPitch = 66, kRight = 46, kLeast = 700;
constexpr Spacing kSpacing{.own = 84, .pad = 22, .event = 15, .slant = 30, .step = 12};

constexpr std::string_view kStyle = R"(<style>
.page{fill:#ffffff}.ink{fill:#1f2328}.dim{fill:#57606a}.halo{stroke:#ffffff;stroke-width:4;stroke-linejoin:round;paint-order:stroke}
.life{stroke:#57606a;stroke-width:2}.gone{stroke:#c4cad1;stroke-width:2;stroke-dasharray:3 5}.time{fill:#57606a}
.mark{fill:#ffffff;stroke:#57606a;stroke-width:2}.past{fill:#ffffff;stroke:#b4bbc3;stroke-width:2}.pastink{fill:#8b949e}
.chosen{fill:#0a5cc4;stroke:#0a5cc4;stroke-width:2}.chosenink{fill:#ffffff}
.line{stroke:#0a5cc4;stroke-width:3;stroke-dasharray:9 6;fill:none;stroke-linejoin:round}
.plain{stroke:#6e7781;stroke-width:1.5}.plainhead{fill:#6e7781}.plainink{fill:#57606a}
.transit{stroke:#1a7f37;stroke-width:2.2}.transithead{fill:#1a7f37}.transitink{fill:#1a7f37}
.orphan{stroke:#cf222e;stroke-width:2.8}.orphanhead{fill:#cf222e}.orphanink{fill:#cf222e}
.cause{stroke:#cf222e;stroke-width:2;stroke-dasharray:6 3}.causehead{fill:#cf222e}.causeink{fill:#cf222e}
.undone{stroke:#c4cad1;stroke-width:1.5}.undonehead{fill:#c4cad1}.undoneink{fill:#8b949e}
.back{stroke:#b35900;stroke-width:2.2;fill:none}.backhead{fill:#b35900}.badge{fill:#b35900}.badgeink{fill:#ffffff}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117}.ink{fill:#e6edf3}.dim{fill:#9da7b3}.halo{stroke:#0d1117}
.life{stroke:#9da7b3}.gone{stroke:#484f58}.time{fill:#9da7b3}
.mark{fill:#0d1117;stroke:#9da7b3}.past{fill:#0d1117;stroke:#57606a}.pastink{fill:#7d8590}
.chosen{fill:#4c9bff;stroke:#4c9bff}.chosenink{fill:#0d1117}.line{stroke:#4c9bff}
.plain{stroke:#8b949e}.plainhead{fill:#8b949e}.plainink{fill:#9da7b3}
.transit{stroke:#56d364}.transithead{fill:#56d364}.transitink{fill:#56d364}
.orphan{stroke:#ff7b72}.orphanhead{fill:#ff7b72}.orphanink{fill:#ff7b72}
.cause{stroke:#ff7b72}.causehead{fill:#ff7b72}.causeink{fill:#ff7b72}
.undone{stroke:#3d444d}.undonehead{fill:#3d444d}.undoneink{fill:#7d8590}
.back{stroke:#ffa657}.backhead{fill:#ffa657}.badge{fill:#ffa657}.badgeink{fill:#0d1117}
}
</style>
)";

const char* style(Kind kind) {
  switch (kind) {
    case Kind::Plain:
      return "plain";
    case Kind::InTransit:
      return "transit";
    case Kind::Orphan:
      return "orphan";
    case Kind::Cause:
      return "cause";
    case Kind::Undone:
      return "undone";
  }
  return "plain";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
      out += c;  // XML has no other control characters
  }
  return out;
}

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  [[nodiscard]] bool meets(const Box& b) const {
    return left < b.right && b.left < right && top < b.bottom && b.top < bottom;
  }
};

class Drawing {
 public:
  explicit Drawing(const Diagram& d) : d_(d), place_(place(d, kSpacing, kLeast)) {
    std::size_t longest = 6;
    for (const auto& row : d.rows) longest = std::max(longest, columns_of(row.pod));
    left_ = 44 + static_cast<int>(longest) * 8;
    width_ = std::max(left_ + place_.width + kRight, 640);
  }

  std::string draw() && {
    for (std::size_t r = 0; r < d_.rows.size(); ++r) life(r);
    for (std::size_t r = 0; r < d_.rows.size(); ++r) reserve_marks(r);
    for (const auto& b : d_.cascade) taken_.push_back(around(badge_of(b)));
    for (const auto kind : {Kind::Undone, Kind::Plain, Kind::InTransit, Kind::Cause, Kind::Orphan})
      for (std::size_t i = 0; i < d_.arrows.size(); ++i)
        if (d_.arrows[i].kind == kind) arrow(i);
    line();
    for (std::size_t r = 0; r < d_.rows.size(); ++r) marks(r);
    for (std::size_t i = 0; i < d_.cascade.size(); ++i) back(i);
    body_ += labels_;
    int y = kTop + static_cast<int>(d_.rows.size()) * kPitch;
    y = key(y);
    y = sentences(y);
    return head(y + 14) + body_ + "</svg>\n";
  }

 private:
  template <class... A>
  void put(fmt::format_string<A...> format, A&&... a) {
    fmt::format_to(std::back_inserter(body_), format, std::forward<A>(a)...);
    body_ += '\n';
  }

  [[nodiscard]] static int y_of(std::size_t row) { return kTop + static_cast<int>(row) * kPitch; }
  [[nodiscard]] int x_of(std::size_t row, std::size_t position) const { return left_ + place_.marks[row][position]; }

  std::string head(int height) const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
        "font-family=\"'DejaVu Sans',Verdana,Helvetica,Arial,sans-serif\" font-size=\"14\" role=\"img\" "
        "aria-labelledby=\"title desc\">\n"
        "<title id=\"title\">{2}</title>\n<desc id=\"desc\">{3}</desc>\n{4}<rect class=\"page\" width=\"{0}\" "
        "height=\"{1}\" rx=\"8\"/>\n"
        "<text class=\"ink\" x=\"20\" y=\"30\" font-size=\"17\" font-weight=\"bold\">{2}</text>\n"
        "<text class=\"dim\" x=\"20\" y=\"50\" font-size=\"13\">{5}</text>\n",
        width_, height, escaped(d_.title), escaped(described(d_)), kStyle, escaped(d_.subtitle));
  }

  void life(std::size_t r) {
    const auto& row = d_.rows[r];
    const int y = y_of(r), start = x_of(r, 0), end = x_of(r, row.present());
    const int kept = row.undone && row.line ? x_of(r, *row.line) : end;
    put("<text class=\"ink\" x=\"{}\" y=\"{}\" text-anchor=\"end\" font-weight=\"bold\">{}</text>", left_ - 18, y + 5,
        escaped(row.pod));
    if (row.trimmed)
      put("<line class=\"gone\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>", start - 12, y, start + 22, y);
    else
      put("<line class=\"life\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"/>", start, y - 8, y + 8);
    if (kept > start)
      put("<line class=\"life\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>", row.trimmed ? start + 22 : start, y, kept,
          y);
    if (kept < end) put("<line class=\"gone\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>", kept, y, end, y);
    if (row.failed)
      put("<path class=\"back\" d=\"M{} {} l14 14 m0 -14 l-14 14\"><title>{} failed</title></path>", end - 7, y - 7,
          escaped(row.pod));
    else
      put("<path class=\"{}\" d=\"M{} {} l-10 -5 v10 z\"/>", kept < end ? "undonehead" : "time", end + 10, y);
  }

  void reserve_marks(std::size_t r) {
    const auto& row = d_.rows[r];
    for (std::size_t p = 1; p <= row.marks.size(); ++p) {
      const double half = half_width(row.marks[p - 1]), x = x_of(r, p), y = y_of(r);
      taken_.push_back({x - half - 2, y - 13, x + half + 2, y + 13});
    }
  }

  static int half_width(const Mark& mark) {
    return std::max(11, 6 + 4 * static_cast<int>(std::to_string(mark.index).size()));
  }

  void marks(std::size_t r) {
    const auto& row = d_.rows[r];
    for (std::size_t p = 1; p <= row.marks.size(); ++p) {
      const auto& mark = row.marks[p - 1];
      const bool chosen = row.line == p, past = row.undone && row.line && p > *row.line;
      const int half = half_width(mark), x = x_of(r, p), y = y_of(r);
      put("<g><title>{}, checkpoint {}{}</title><rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"22\" "
          "rx=\"11\"/>"
          "<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"12\" "
          "font-weight=\"bold\">{}</text></g>",
          escaped(row.pod), mark.index, mark.snapshot.empty() ? "" : " of snapshot " + escaped(mark.snapshot),
          chosen ? "chosen"
          : past ? "past"
                 : "mark",
          x - half, y - 11, 2 * half,
          chosen ? "chosenink"
          : past ? "pastink"
                 : "ink",
          x, y + 4, mark.index);
    }
  }

  void line() {
    std::string path;
    double last_x = 0, last_y = 0;
    for (std::size_t r = 0; r < d_.rows.size(); ++r) {
      if (!d_.rows[r].line) continue;
      last_x = x_of(r, *d_.rows[r].line);
      last_y = y_of(r);
      path += path.empty() ? fmt::format("M{} {} L{} {}", last_x, last_y - 26, last_x, last_y)
                           : fmt::format(" L{} {}", last_x, last_y);
    }
    if (!path.empty())
      put("<path class=\"line\" d=\"{} L{} {}\"><title>{}</title></path>", path, last_x, last_y + 24,
          escaped(d_.line_name));
  }

  void arrow(std::size_t i) {
    const auto& a = d_.arrows[i];
    const double x1 = left_ + place_.sent[i], y1 = y_of(a.from), x2 = left_ + place_.received[i], y2 = y_of(a.to);
    const double length = std::hypot(x2 - x1, y2 - y1), ux = (x2 - x1) / length, uy = (y2 - y1) / length;
    const double tip_x = x2 - ux * 2, tip_y = y2 - uy * 2, base_x = tip_x - ux * 10, base_y = tip_y - uy * 10;
    const auto* css = style(a.kind);
    put("<g><title>{}</title><line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>"
        "<path class=\"{}head\" d=\"M{:.1f} {:.1f} L{:.1f} {:.1f} L{:.1f} {:.1f} z\"/></g>",
        escaped(sentence(a)), css, x1, y1, base_x, base_y, css, tip_x, tip_y, base_x - uy * 4.5, base_y + ux * 4.5,
        base_x + uy * 4.5, base_y - ux * 4.5);
    label(bytes(a.bytes), css, x1, y1, x2, y2);
  }

  // Beside its arrow, where there is room; else not at all: the arrow's title has it too.
  void label(const std::string& text, const char* css, double x1, double y1, double x2, double y2) {
    const double w = static_cast<double>(columns_of(text)) * 6.6 + 4;
    for (const double t : {0.5, 0.35, 0.65, 0.22, 0.78}) {
      const double x = x1 + (x2 - x1) * t + 6, y = y1 + (y2 - y1) * t;
      const Box box{x - 1, y - 8, x + w, y + 7};
      const bool on_a_line = std::abs(std::remainder(y - kTop, kPitch)) < 12;
      if (on_a_line || std::ranges::any_of(taken_, [&](const Box& b) { return b.meets(box); })) continue;
      taken_.push_back(box);
      labels_ += fmt::format("<text class=\"{}ink halo\" x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\">{}</text>\n", css,
                             x, y + 4, text);
      return;
    }
  }

  std::string sentence(const Arrow& a) const {
    return fmt::format("{}: {} {} to {} {}, {}", bytes(a.bytes), d_.rows[a.from].pod,
                       interval_name(d_.rows[a.from], a.sent_in), d_.rows[a.to].pod,
                       interval_name(d_.rows[a.to], a.received_in), name(a.kind));
  }

  void badge(double x, double y, std::size_t number) {
    put("<circle class=\"badge\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"9\"/><text class=\"badgeink\" x=\"{:.1f}\" "
        "y=\"{:.1f}\" text-anchor=\"middle\" "
        "font-size=\"11\" font-weight=\"bold\">{}</text>",
        x, y, x, y + 4, number);
  }

  struct Spot {
    double x = 0, y = 0;
  };
  [[nodiscard]] Spot badge_of(const Back& b) const {
    return {(x_of(b.row, b.from) + x_of(b.row, b.to)) / 2.0, static_cast<double>(y_of(b.row) - 27)};
  }
  static Box around(const Spot& s) { return {s.x - 11, s.y - 10, s.x + 11, s.y + 10}; }

  // Over the row's line, from the state given up to the one gone back to.
  void back(std::size_t i) {
    const auto& b = d_.cascade[i];
    const double from = x_of(b.row, b.from), to = x_of(b.row, b.to), y = y_of(b.row) - 13, up = y - 15;
    put("<path class=\"back\" d=\"M{:.1f} {:.1f} C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}\"><title>{}</title></path>",
        from - 3, y, from - 14, up - 4, to + 18, up - 4, to + 7, y - 1,
        escaped(fmt::format("{}: {}", i + 1, b.because)));
    put("<path class=\"backhead\" d=\"M{:.1f} {:.1f} l1.5 -10.5 l8 6.5 z\"/>", to + 3, y + 3);
    const auto spot = badge_of(b);
    badge(spot.x, spot.y, i + 1);
  }

  int key(int y) {
    std::vector<Kind> kinds;
    for (const auto kind : {Kind::Plain, Kind::InTransit, Kind::Orphan, Kind::Cause, Kind::Undone})
      if (std::ranges::any_of(d_.arrows, [&](const Arrow& a) { return a.kind == kind; })) kinds.push_back(kind);
    y += 12;
    int x = 20;
    const auto entry = [&](const char* css, const std::string& text) {
      const int w = 44 + static_cast<int>(columns_of(text)) * 13 / 2 + 20;
      if (x != 20 && x + w > width_) x = 20, y += 20;
      put("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/><text class=\"dim\" x=\"{}\" y=\"{}\" "
          "font-size=\"12\">{}</text>",
          css, x, y - 4, x + 34, y - 4, x + 42, y, escaped(text));
      x += w;
    };
    if (std::ranges::any_of(d_.rows, [](const Row& r) { return r.line.has_value(); })) entry("line", d_.line_name);
    for (const auto kind : kinds) entry(style(kind), name(kind));
    if (std::ranges::any_of(d_.rows, [](const Row& r) { return r.undone; })) entry("gone", "taken back");
    if (!d_.cascade.empty()) entry("back", "goes back, in this order");
    return y;
  }

  int sentences(int y) {
    const auto say = [&](const std::string& text, std::optional<std::size_t> number) {
      const int x = number ? 48 : 20;
      const auto lines = folded(text, static_cast<std::size_t>(width_ - x - 20) / 7);
      y += 22;
      if (number) badge(30, y - 4, *number);
      for (std::size_t at = 0; at < lines.size();) {
        const auto end = std::min(lines.find('\n', at), lines.size());
        if (at != 0) y += 16;
        put("<text class=\"dim\" x=\"{}\" y=\"{}\" font-size=\"12\">{}</text>", x, y,
            escaped(lines.substr(at, end - at)));
        at = end + 1;
      }
    };
    for (std::size_t i = 0; i < d_.cascade.size(); ++i) {
      const auto& b = d_.cascade[i];
      say(fmt::format("{} goes back from {} to {}: {}", d_.rows[b.row].pod, state_name(d_.rows[b.row], b.from),
                      state_name(d_.rows[b.row], b.to), b.because),
          i + 1);
    }
    for (const auto& note : d_.notes) say(note, std::nullopt);
    return y;
  }

  const Diagram& d_;
  Place place_;
  int left_ = 0, width_ = 0;
  std::string body_, labels_;
  std::vector<Box> taken_;
};

}  // namespace

std::string svg(const Diagram& diagram) { return Drawing{diagram}.draw(); }

}  // namespace cutline::cli
