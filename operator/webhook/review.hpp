// The admission API around inject(): AdmissionReview in, AdmissionReview out. Pure.
#pragma once

#include "operator/webhook/inject.hpp"

namespace cutline::op::webhook {

struct Review {
  std::string body;  // the response, JSON
  bool allowed = false;
};

// Invalid: the body is no AdmissionReview.
[[nodiscard]] Result<Review> review(const std::string& body, const Settings& settings);

}  // namespace cutline::op::webhook
