#include "e2e/workloads/ledger/audit.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cutline::ledger {
namespace {

std::int64_t change(const Stream& sent, const Stream& received) {
  return static_cast<std::int64_t>(received.sum) - static_cast<std::int64_t>(sent.sum);
}

void check_pair(const Report& from, const Report& to, Audit& out) {
  const auto ours = from.peers.find(to.index), theirs = to.peers.find(from.index);
  if (ours == from.peers.end() && theirs == to.peers.end()) return;
  if (ours == from.peers.end() || theirs == to.peers.end()) {
    out.reasons.push_back(fmt::format("{}-{}: only one of the two knows of the connection", from.index, to.index));
    return;
  }
  const auto& sent = ours->second.sent;
  const auto& received = theirs->second.received;
  if (from.index < to.index) out.connections += 1;
  if (!ours->second.connected) out.reasons.push_back(fmt::format("{}: not connected with {}", from.index, to.index));
  if (ours->second.session != theirs->second.session)
    out.reasons.push_back(fmt::format("{}-{}: session {} here, {} there", from.index, to.index, ours->second.session,
                                      theirs->second.session));
  if (sent.next != received.next)
    out.reasons.push_back(fmt::format("{}->{}: the next number is {} at the sender, {} at the receiver", from.index,
                                      to.index, sent.next, received.next));
  if (sent.count != received.count || sent.sum != received.sum)
    out.reasons.push_back(fmt::format("{}->{}: sent {} transfers of {}, received {} of {}", from.index, to.index,
                                      sent.count, sent.sum, received.count, received.sum));
}

void check_errors(const Report& pod, Audit& out) {
  for (const auto& [index, peer] : pod.peers) {
    const auto& e = peer.errors;
    if (e.gaps != 0) out.reasons.push_back(fmt::format("{}->{}: {} numbers missing", index, pod.index, e.gaps));
    if (e.repeats != 0) out.reasons.push_back(fmt::format("{}->{}: {} numbers repeated", index, pod.index, e.repeats));
    if (e.lost_connections != 0)
      out.reasons.push_back(
          fmt::format("{}: lost the connection with {} {} times", pod.index, index, e.lost_connections));
    if (e.orphans != 0)
      out.reasons.push_back(
          fmt::format("{}->{}: {} transfers were received that were never sent", pod.index, index, e.orphans));
    if (e.malformed != 0)
      out.reasons.push_back(fmt::format("{}->{}: {} damaged frames", index, pod.index, e.malformed));
    if (peer.in_flight != 0)
      out.reasons.push_back(fmt::format("{}->{}: {} transfers never acknowledged", pod.index, index, peer.in_flight));
  }
}

void check_book(const Report& pod, Audit& out) {
  const auto say = [&](const std::string& what) {
    out.reasons.push_back(fmt::format("{}: file: {}", pod.index, what));
  };
  if (!pod.book) return say("not read");
  const auto& [contents, unreadable] = *pod.book;
  if (!unreadable.empty()) return say(unreadable);
  if (contents.damaged != 0) say(fmt::format("{} damaged records", contents.damaged));
  if (contents.unchained != 0) say(fmt::format("{} balances do not follow from the one before", contents.unchained));
  if (contents.skipped != 0) say(fmt::format("{} numbers missing or repeated", contents.skipped));
  if (contents.balance != pod.balance) say(fmt::format("balance {}, in memory {}", contents.balance, pod.balance));
  std::uint64_t records = 0;
  for (const auto& [index, peer] : pod.peers) {
    const auto found = contents.peers.find(index);
    const auto sums = found == contents.peers.end() ? Contents::Sums{} : found->second;
    records += peer.sent.count + peer.received.count;
    if (sums.sent.count != peer.sent.count || sums.sent.sum != peer.sent.sum)
      say(fmt::format("sent to {}: {} transfers of {}, in memory {} of {}", index, sums.sent.count, sums.sent.sum,
                      peer.sent.count, peer.sent.sum));
    if (sums.received.count != peer.received.count || sums.received.sum != peer.received.sum)
      say(fmt::format("received from {}: {} transfers of {}, in memory {} of {}", index, sums.received.count,
                      sums.received.sum, peer.received.count, peer.received.sum));
  }
  if (records != contents.records) say(fmt::format("{} records, in memory {}", contents.records, records));
}

void check_pod(const Report& pod, Audit& out) {
  std::int64_t balance = pod.initial;
  for (const auto& [index, peer] : pod.peers) {
    balance += change(peer.sent, peer.received);
    out.transfers += peer.sent.count;
  }
  if (!pod.paused) out.reasons.push_back(fmt::format("{}: not paused", pod.index));
  if (balance != pod.balance)
    out.reasons.push_back(
        fmt::format("{}: balance {}, the transfers applied make {}", pod.index, pod.balance, balance));
  if (pod.ballast_damaged.value_or(0) != 0)
    out.reasons.push_back(fmt::format("{}: {} ballast pages changed by themselves", pod.index, *pod.ballast_damaged));
  check_errors(pod, out);
  check_book(pod, out);
}

}  // namespace

Audit audit(const std::vector<Report>& reports) {
  Audit out;
  for (const auto& pod : reports) {
    out.expected += pod.initial;
    out.total += pod.balance;
    check_pod(pod, out);
    for (const auto& other : reports)
      if (&other != &pod) check_pair(pod, other, out);
    for (const auto& [index, peer] : pod.peers)
      if (std::none_of(reports.begin(), reports.end(), [&](const Report& r) { return r.index == index; }))
        out.reasons.push_back(fmt::format("{}: it has a connection with {}, which was not asked", pod.index, index));
  }
  if (out.total != out.expected)
    out.reasons.insert(out.reasons.begin(), fmt::format("the total is {}, it was {}", out.total, out.expected));
  return out;
}

bool settled(const std::vector<Report>& reports) {
  for (const auto& pod : reports) {
    if (!pod.paused) return false;
    for (const auto& [index, peer] : pod.peers) {
      if (peer.in_flight != 0 || !peer.connected) return false;
      for (const auto& other : reports)
        if (const auto back = other.peers.find(pod.index);
            other.index == index && back != other.peers.end() && back->second.received.next != peer.sent.next)
          return false;
    }
  }
  return true;
}

std::string table(const std::vector<Report>& reports, const Audit& audit) {
  std::string out = fmt::format("{:>4} {:>12} {:>12} {:>12} {:>8} {:>12}\n", "pod", "balance", "sent", "received",
                                "errors", "records");
  for (const auto& pod : reports) {
    std::uint64_t sent = 0, received = 0, errors = 0;
    for (const auto& [index, peer] : pod.peers) {
      sent += peer.sent.count;
      received += peer.received.count;
      const auto& e = peer.errors;
      errors += e.gaps + e.repeats + e.lost_connections + e.malformed + e.orphans;
    }
    out += fmt::format("{:>4} {:>12} {:>12} {:>12} {:>8} {:>12}\n", pod.index, pod.balance, sent, received, errors,
                       pod.book ? pod.book->contents.records : 0);
  }
  if (audit.ok()) {
    out += fmt::format("audit: ok, {} pods, {} connections, {} transfers, total {} unchanged\n", reports.size(),
                       audit.connections, audit.transfers, audit.total);
    return out;
  }
  for (const auto& reason : audit.reasons) out += fmt::format("  {}\n", reason);
  return out +
         fmt::format("audit: FAILED, {} reasons, total {} of {}\n", audit.reasons.size(), audit.total, audit.expected);
}

nlohmann::json to_json(const Audit& audit) {
  return {{"ok", audit.ok()},
          {"expected", audit.expected},
          {"total", audit.total},
          {"connections", audit.connections},
          {"transfers", audit.transfers},
          {"reasons", audit.reasons}};
}

}  // namespace cutline::ledger
