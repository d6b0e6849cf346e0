// Label selectors as Kubernetes defines them (LabelSelector of meta/v1). Values and pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kube/resource.hpp"

namespace cutline::kube {

struct Requirement {
  std::string key;
  std::string op;  // In | NotIn | Exists | DoesNotExist
  std::vector<std::string> values;
};

// All of it must be met; an empty one is met by everything.
struct Selector {
  std::map<std::string, std::string> match_labels;
  std::vector<Requirement> match_expressions;
  [[nodiscard]] bool empty() const { return match_labels.empty() && match_expressions.empty(); }
  [[nodiscard]] bool matches(const Json& labels) const;
  // As the API server takes it in a list's query.
  [[nodiscard]] std::string query() const;
};

// Of {"matchLabels": ..., "matchExpressions": ...}; what is absent or of another type is empty. Never throws.
[[nodiscard]] Selector read_selector(const Json& selector);

}  // namespace cutline::kube
