#include "sidecar/gate/gate.hpp"

#include <linux/netfilter/nfnetlink.h>

namespace cutline::gate {
namespace {

constexpr std::uint16_t queue_number = 7077;

}  // namespace

Result<Gate> Gate::install(GateKind wanted, std::uint16_t control_port, bool count_datagrams) {
  auto nft = netlink::Socket::open(NETLINK_NETFILTER);
  if (!nft) return forward(nft, "install the gate");
  Gate gate{std::move(*nft), control_port};
  gate.counts_datagrams_ = count_datagrams;
  if (auto made = gate.make(wanted); !made) return forward(made, "install the gate");
  return gate;
}

Status Gate::choose(GateKind wanted) {
  if (wanted == kind_) return {};
  const auto now = state();
  if (!now) return tl::unexpected(now.error());
  if (now->closed) return fail(Code::Busy, "the gate is closed; its kind cannot change now");
  if (queue_) {
    // What had been queued when the deadline opened the gate.
    if (auto released = queue_->release(); !released) return released;
  }
  return make(wanted);
}

Status Gate::make(GateKind wanted) {
  if (wanted == GateKind::Queue) {
    auto made = make_queue();
    if (made || made.error().code == Code::Conflict) return made;
  }
  queue_.reset();
  kind_ = wanted == GateKind::Open ? GateKind::Open : GateKind::Drop;
  return make_rules(kind_ == GateKind::Open ? Hold::Nothing : Hold::Drop);
}

Status Gate::make_queue() {
  kind_ = GateKind::Queue;
  // The listener first: were the rules there and the switch on, packets without a listener would be dropped.
  if (!queue_) {
    auto bound = PacketQueue::bind(queue_number);
    if (!bound) return tl::unexpected(bound.error());
    queue_.emplace(std::move(*bound));
    const auto now = state();
    if (now && now->closed) {
      if (auto held = queue_->hold(); !held) return held;
    }
  }
  if (auto made = make_rules(Hold::Queue); made) return made;
  return make_rules(Hold::QueueTarget);
}

// With all that a kernel has the modules for: without the match on sockets only what marked sockets send passes.
Status Gate::make_rules(Hold hold) {
  Status made;
  for (const bool count : {counts_datagrams_, false})
    for (const bool match : {true, false}) {
      const Plan plan{hold, match, count, control_port_, queue_number};
      made = nft_.transaction(NFNL_SUBSYS_NFTABLES, gate::install(plan), "make the gate's table");
      if (made) {
        counts_datagrams_ = count;
        return made;
      }
    }
  return made;
}

Status Gate::close(std::optional<Millis> deadline) {
  if (kind_ == GateKind::Open) return {};
  if (queue_) {
    if (auto held = queue_->hold(); !held) return held;
  }
  if (deadline) *deadline += kernel_margin;
  return nft_.transaction(NFNL_SUBSYS_NFTABLES, switch_on(deadline), "close the gate");
}

Status Gate::open() {
  // The queue first: it opens within microseconds. The switch afterwards changes nothing for the packets.
  if (queue_) {
    if (auto released = queue_->release(); !released) return released;
  }
  return nft_.transaction(NFNL_SUBSYS_NFTABLES, switch_off(), "open the gate");
}

Status Gate::discard() { return queue_ ? queue_->discard() : Status{}; }

Result<State> Gate::state() {
  State now;
  const auto asked = nft_.query(read_switch(), "read the gate's switch",
                                [&](const netlink::Answer& answer) { now = {true, expiration(answer.payload)}; });
  if (!asked && asked.error().code != Code::NotFound) return tl::unexpected(asked.error());
  return now;
}

Status Gate::uninstall() {
  if (queue_) {
    if (auto released = queue_->release(); !released) return released;
  }
  auto removed = nft_.transaction(NFNL_SUBSYS_NFTABLES, gate::uninstall(), "remove the gate's table");
  if (!removed && removed.error().code == Code::NotFound) return {};
  return removed;
}

Status Gate::hold_loopback(std::span<const protocol::Counters> connections) {
  return nft_.transaction(NFNL_SUBSYS_NFTABLES, gate::hold_loopback(connections), "hold connections on loopback");
}

Status Gate::release_loopback() {
  return nft_.transaction(NFNL_SUBSYS_NFTABLES, gate::release_loopback(), "release connections on loopback");
}

}  // namespace cutline::gate
