#include "sidecar/rounds/own.hpp"

#include <sys/statvfs.h>

#include <cerrno>

#include "base/log.hpp"

namespace cutline::sidecar {

void OwnTime::configure(const std::optional<protocol::Independent>& own, Instant now) {
  if (own == own_) return;
  own_ = own;
  full_ = 0;
  plan(now);
}

void OwnTime::plan(Instant now) {
  next_.reset();
  if (!own_) return;
  const auto chance = std::uniform_real_distribution<double>{0, 1}(random_);
  next_ = protocol::next_due(now, *own_, chance, full_);
}

std::optional<protocol::participant::Due> OwnTime::due(const std::set<Epoch>& needed, Instant now) {
  if (!own_ || !is_due(now)) return std::nullopt;
  if (auto room = make_room(needed); !room) {
    ended(room, now);
    return std::nullopt;
  }
  const auto index = store_.next_index();
  if (!index) {
    ended(tl::unexpected(index.error()), now);
    return std::nullopt;
  }
  next_.reset();  // until it has ended
  return protocol::participant::Due{protocol::own_checkpoint(*index), own_->hold, own_->options, now};
}

void OwnTime::ended(const Status& result, Instant now) {
  if (!result) log::warn("no checkpoint of our own", {{"error", result.error()}, {"full", full_}});
  const bool full = !result && result.error().code == Code::Exhausted;
  full_ = full ? full_ + 1 : 0;
  plan(now);
}

Status OwnTime::make_room(const std::set<Epoch>& needed) {
  std::set<Epoch> chain;
  std::uint64_t last = 0;
  for (const auto& checkpoint : history_.chain(0)) {
    chain.insert(checkpoint.epoch);
    last = value(checkpoint.bytes);
  }
  auto own = history_.own();
  std::ranges::stable_partition(own, [&](Epoch one) { return !chain.contains(one); });
  for (std::size_t left = own.size(); const auto one : own) {
    if (left < kMostOwn) break;
    if (needed.contains(one) || history_.find(one)->index == history_.present()) continue;
    log::warn("the oldest checkpoint of our own goes, nobody has collected any",
              {{"checkpoint", one}, {"most", kMostOwn}});
    if (auto gone = history_.forget(one, tracker_); !gone) return gone;
    --left;
  }
  struct statvfs disk{};
  if (::statvfs(store_.root().c_str(), &disk) != 0) return fail_errno(errno, "look at the disk of " + store_.root());
  const std::uint64_t free = disk.f_bavail * disk.f_frsize, all = disk.f_blocks * disk.f_frsize;
  const auto wanted = std::max(2 * last, all / 20);
  if (free >= wanted) return {};
  return fail(Code::Exhausted, "{} bytes are free, {} are wanted before one begins", free, wanted);
}

}  // namespace cutline::sidecar
