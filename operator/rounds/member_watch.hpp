// Which members of a running round have left: asked of the API server once a second, and silent while that is away.
#pragma once

#include "operator/context.hpp"
#include "operator/pods/membership.hpp"

namespace cutline::op {

class MemberWatch {
 public:
  MemberWatch(const Context& context, std::string ns) : context_(context), ns_(std::move(ns)) {}
  [[nodiscard]] std::set<PodUid> gone(const Members& members);

 private:
  const Context& context_;
  std::string ns_;
  Instant next_ = std::chrono::steady_clock::now() + std::chrono::seconds{1};
  std::set<PodUid> gone_;
};

}  // namespace cutline::op
