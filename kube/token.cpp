#include "kube/token.hpp"

#include "base/fd.hpp"
#include "base/log.hpp"

namespace cutline::kube {

std::string Token::current(Instant now) {
  if (file_.empty()) return fixed_;
  const std::scoped_lock lock{mutex_};
  if (last_.empty() || now - read_at_ >= std::chrono::minutes{1}) read(now);
  return last_;
}

bool Token::renew(const std::string& used, Instant now) {
  if (file_.empty()) return false;
  const std::scoped_lock lock{mutex_};
  if (last_ == used) read(now);
  return last_ != used;
}

void Token::read(Instant now) {
  auto content = read_file(file_, 1U << 20U);
  if (!content) {
    log::warn("the token file cannot be read", {{"error", content.error()}});
    return;
  }
  while (!content->empty() && (content->back() == '\n' || content->back() == ' ')) content->pop_back();
  last_ = std::move(*content);
  read_at_ = now;
}

}  // namespace cutline::kube
