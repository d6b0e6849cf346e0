#include "e2e/workloads/ledger/graph.hpp"

#include <charconv>
#include <optional>

namespace cutline::ledger {
namespace {

std::optional<Index> pod(std::string_view text, std::size_t pods) {
  Index out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || out < 0 || static_cast<std::size_t>(out) >= pods)
    return std::nullopt;
  return out;
}

}  // namespace

Result<Graph> Graph::parse(std::string_view text, std::size_t pods) {
  Graph out;
  if (text == "none") return out;
  if (text.empty() || text == "all") {
    for (Index a = 0; a < static_cast<Index>(pods); ++a)
      for (Index b = 0; b < static_cast<Index>(pods); ++b)
        if (a != b) out.edges_.emplace(a, b);
    return out;
  }
  while (!text.empty()) {
    const auto edge = text.substr(0, text.find(','));
    text.remove_prefix(std::min(edge.size() + 1, text.size()));
    const auto sign = edge.find_first_of("->");
    const auto a = pod(edge.substr(0, sign), pods);
    const auto b = sign == std::string_view::npos ? std::nullopt : pod(edge.substr(sign + 1), pods);
    if (!a || !b || *a == *b)
      return fail(Code::Invalid, "'{}' is no pair of the {} pods like 0-1 or 0>1, nor all, nor none", edge, pods);
    out.edges_.emplace(*a, *b);
    if (edge[sign] == '-') out.edges_.emplace(*b, *a);
  }
  return out;
}

std::set<Index> Graph::neighbours(Index of) const {
  std::set<Index> out;
  for (const auto& [from, to] : edges_) {
    if (from == of) out.insert(to);
    if (to == of) out.insert(from);
  }
  return out;
}

}  // namespace cutline::ledger
