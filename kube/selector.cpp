#include "kube/selector.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace cutline::kube {
namespace {

bool meets(const Json& labels, const Requirement& requirement) {
  const bool present = labels.contains(requirement.key);
  if (requirement.op == "Exists") return present;
  if (requirement.op == "DoesNotExist") return !present;
  const bool among = present && std::ranges::find(requirement.values, labels.at(requirement.key).get<std::string>()) !=
                                    requirement.values.end();
  return requirement.op == "In" ? among : requirement.op == "NotIn" && !among;
}

std::string show(const Requirement& requirement) {
  if (requirement.op == "Exists") return requirement.key;
  if (requirement.op == "DoesNotExist") return "!" + requirement.key;
  return fmt::format("{} {} ({})", requirement.key, requirement.op == "In" ? "in" : "notin",
                     fmt::join(requirement.values, ","));
}

}  // namespace

bool Selector::matches(const Json& labels) const {
  const auto has = [&](const auto& wanted) {
    return labels.value(wanted.first, "") == wanted.second && labels.contains(wanted.first);
  };
  return std::ranges::all_of(match_labels, has) &&
         std::ranges::all_of(match_expressions, [&](const auto& r) { return meets(labels, r); });
}

std::string Selector::query() const {
  std::vector<std::string> parts;
  for (const auto& [key, value] : match_labels) parts.push_back(key + "=" + value);
  for (const auto& requirement : match_expressions) parts.push_back(show(requirement));
  return fmt::format("{}", fmt::join(parts, ","));
}

Selector read_selector(const Json& selector) {
  Selector out;
  if (!selector.is_object()) return out;
  if (const auto labels = selector.find("matchLabels"); labels != selector.end() && labels->is_object())
    for (const auto& [key, value] : labels->items())
      if (value.is_string()) out.match_labels.emplace(key, value.get<std::string>());
  if (const auto terms = selector.find("matchExpressions"); terms != selector.end() && terms->is_array())
    for (const auto& term : *terms) {
      Requirement one{string_at(term, "/key"), string_at(term, "/operator"), {}};
      if (const auto values = term.is_object() ? term.find("values") : term.end();
          values != term.end() && values->is_array())
        for (const auto& value : *values)
          if (value.is_string()) one.values.push_back(value.get<std::string>());
      out.match_expressions.push_back(std::move(one));
    }
  return out;
}

}  // namespace cutline::kube
