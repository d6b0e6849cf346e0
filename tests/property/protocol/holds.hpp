// holds(cases, property): the property is true of so many random inputs; a counterexample is made as small as possible
// and told. The same inputs on every run; RC_PARAMS="seed=... max_success=..." in the environment asks for others, or
// for more.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <sstream>

namespace cutline {

template <class Property>
void holds(int cases, Property&& property) {
  auto params = rc::detail::configuration().testParams;
  if (std::getenv("RC_PARAMS") == nullptr) {
    params.seed = 20240607;
    params.maxSuccess = cases;
  }
  const auto result = rc::detail::checkTestable(std::forward<Property>(property), rc::detail::TestMetadata{}, params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  FAIL() << text.str();
}

}  // namespace cutline
