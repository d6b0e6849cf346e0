// Whose turn it is in one repository. restic 0.14 forgets and prunes only while nobody else uses the repository, and
// refuses uploads meanwhile. So what clears away waits for the uploads under way, and those that have not begun wait
// for it, but not for ever: where uploads under way take their time, the others go on, and it asks again later. Pure:
// time comes in.
#pragma once

#include <map>
#include <string>

#include "base/deadline.hpp"

namespace cutline::op::repository {

class Turns {
 public:
  static constexpr std::chrono::seconds kPatience{20};  // so long others are kept from beginning
  static constexpr std::chrono::seconds kRest{60};      // then they are not for so long
  static constexpr std::chrono::seconds kSilence{90};   // an upload that is not heard of for so long is none

  // By what uploads: said again at each look.
  void uploads(const std::string& snapshot, Instant now) { uploads_.insert_or_assign(snapshot, now); }
  void ended(const std::string& snapshot) { uploads_.erase(snapshot); }
  [[nodiscard]] bool may_begin(Instant now) const { return !taken_ && !(wanted_ && now - *wanted_ < kPatience); }

  // By what clears away: whether it has the repository for itself now, until it gives it back.
  [[nodiscard]] bool take(Instant now) {
    std::erase_if(uploads_, [&](const auto& upload) { return now - upload.second > kSilence; });
    taken_ = uploads_.empty();
    if (!taken_ && (!wanted_ || now - *wanted_ > kPatience + kRest)) wanted_ = now;
    return taken_;
  }
  void give_back() {
    taken_ = false;
    wanted_.reset();
  }

 private:
  std::map<std::string, Instant> uploads_;  // by the snapshot's UID: when last heard of
  std::optional<Instant> wanted_;
  bool taken_ = false;
};

}  // namespace cutline::op::repository
