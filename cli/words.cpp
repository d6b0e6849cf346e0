#include "cli/words.hpp"

#include <array>

namespace cutline::cli {

std::string bytes(std::uint64_t n) {
  if (n < 1024) return fmt::format("{} B", n);
  static constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(n) / 1024;
  std::size_t unit = 0;
  for (; value >= 1023.95 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return value < 99.95 ? fmt::format("{:.1f} {}", value, kUnits.at(unit))
                       : fmt::format("{:.0f} {}", value, kUnits.at(unit));
}

std::string lasts(std::chrono::seconds time) {
  const auto s = std::max<std::int64_t>(0, time.count());
  if (s < 120) return fmt::format("{}s", s);
  if (s < 120 * 60) return fmt::format("{}m", s / 60);
  if (s < 48 * 3600) return fmt::format("{}h", s / 3600);
  return fmt::format("{}d", s / 86400);
}

std::string ago(std::optional<Time> then, Time now) {
  return then ? lasts(now - *then) + " ago" : "at an unknown time";
}

std::string count(std::size_t n, std::string_view noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

std::size_t columns_of(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string shortened(std::string_view utf8, std::size_t columns) {
  if (columns_of(utf8) <= columns) return std::string{utf8};
  std::string out;
  std::size_t used = 0;
  for (const char c : utf8) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U && ++used + 3 > columns) break;
    out += c;
  }
  return out + "...";
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view indent) {
  std::vector<std::size_t> width;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == width.size()) width.push_back(0);
      width[i] = std::max(width[i], columns_of(row[i]));
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line{indent};
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(width[i] - columns_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string folded(std::string_view text, std::size_t width, std::string_view indent) {
  const auto lead = std::min(text.find_first_not_of(' '), text.size());  // of the first line: as it is
  std::string out{text.substr(0, lead)};
  text.remove_prefix(lead);
  auto column = lead;
  for (bool first = true; !text.empty(); first = false) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    if (!first && column + 1 + columns_of(word) > width) {
      out += '\n';
      out += indent;
      column = columns_of(indent);
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += columns_of(word);
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
  }
  return out;
}

}  // namespace cutline::cli
