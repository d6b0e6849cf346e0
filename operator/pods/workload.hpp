// The pods of a workload with what their sidecars tell of them. Values only.
#pragma once

#include "operator/pods/membership.hpp"

namespace cutline::op {

struct Remembered {
  Pod pod;
  std::vector<std::string> services;  // virtual addresses that may lead to it
  protocol::History history;
  std::vector<protocol::Failure> failures;
};

struct Workload {
  std::vector<Remembered> pods;
};

}  // namespace cutline::op
