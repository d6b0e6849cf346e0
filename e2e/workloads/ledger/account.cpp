#include "e2e/workloads/ledger/account.hpp"

#include <algorithm>

namespace cutline::ledger {

Transfer send(Account& account, Index to, std::uint64_t amount) {
  auto& peer = account.peers[to];
  account.balance -= static_cast<std::int64_t>(amount);
  peer.out.count += 1;
  peer.out.sum += amount;
  return {peer.out.next++, amount};
}

Taken receive(Account& account, Index from, const Transfer& transfer) {
  auto& peer = account.peers[from];
  if (transfer.number < peer.in.next) {
    peer.errors.repeats += 1;
    return Taken::Repeated;
  }
  const std::uint64_t missing = transfer.number - peer.in.next;
  peer.errors.gaps += missing;
  peer.in.next = transfer.number + 1;
  peer.in.count += 1;
  peer.in.sum += transfer.amount;
  account.balance += static_cast<std::int64_t>(transfer.amount);
  return missing == 0 ? Taken::Applied : Taken::AppliedAfterGap;
}

void acknowledge(Peer& peer, std::uint64_t number) {
  peer.acknowledged = std::clamp(number, peer.acknowledged, peer.out.next - 1);
}

void begin_session(Peer& peer, std::uint64_t session) {
  peer.session = session;
  peer.out.next = 1;
  peer.in.next = 1;
  peer.acknowledged = 0;
}

void continue_session(Peer& peer, std::uint64_t expected) {
  if (expected > peer.out.next) peer.errors.orphans += expected - peer.out.next;
  peer.acknowledged = std::min(expected, peer.out.next) - 1;
}

}  // namespace cutline::ledger
