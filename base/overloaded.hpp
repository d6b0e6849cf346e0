// One lambda per alternative of a variant: std::visit(overloaded{...}, state).
#pragma once

namespace cutline {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};

}  // namespace cutline
