// The recovery line in plain sentences.
#include "protocol/line.hpp"

namespace cutline::protocol {
namespace {

std::string text(const Connection& c) { return fmt::format("{} - {}", show(c.local), show(c.remote)); }

std::string amount(const Move& move) {
  const auto* unit = move.datagrams ? "datagram" : "byte";
  const auto more = move.connections > 1 ? fmt::format(" and {} more", move.connections - 1) : "";
  return fmt::format("{} {}{} on {}{}", move.amount, unit, move.amount == 1 ? "" : "s", text(move.connection), more);
}

std::string because(const Move& move, const NameOf& name) {
  const auto peer = name(move.peer), at = sentence(move.peer_at);
  switch (move.cause) {
    case Move::Cause::Failed:
      return "its application is not alive";
    case Move::Cause::Asked:
      return "this was asked for";
    case Move::Cause::Orphan:
      return fmt::format("it has received {} that {} has not sent at {}", amount(move), peer, at);
    case Move::Cause::Loss:
      return fmt::format("it has handed over {} that {} has not got at {}", amount(move), peer, at);
    case Move::Cause::NotResumable:
      return fmt::format("its connection {} cannot be resumed with {} at {}", text(move.connection), peer, at);
    case Move::Cause::Unsure:
      return fmt::format(
          "{} was used more than once, and may have brought it something that {} has not sent or got at {}",
          text(move.connection), peer, at);
    case Move::Cause::Unobserved:
      return fmt::format("not all connections that closed were seen, and it may depend on what {} did after {}", peer,
                         at);
  }
  return {};
}

const char* text(Closing::Why why) {
  switch (why) {
    case Closing::Why::Outside:
      return "its other end is outside of the workload";
    case Closing::Why::OneMoved:
      return "only one of its ends is rolled back";
    case Closing::Why::Unknown:
      return "the other end's state does not know it";
    case Closing::Why::Gap:
      return "bytes between its ends are gone";
    case Closing::Why::PeerClosed:
      return "the other end has closed it";
    case Closing::Why::Unsure:
      return "it cannot be told which connection at the other end it is";
  }
  return "";
}

}  // namespace

std::string sentence(const Point& point) {
  switch (point.kind) {
    case Point::Kind::Start:
      return "its start";
    case Point::Kind::Checkpoint:
      return fmt::format("checkpoint {}", value(point.index));
    case Point::Kind::Present:
      return "its present state";
  }
  return {};
}

std::string sentence(const Move& move, const NameOf& name) {
  return fmt::format("{} goes back from {} to {}: {}", name(move.who), sentence(move.from), sentence(move.to),
                     because(move, name));
}

std::string sentence(const Closing& closing, const NameOf& name) {
  const auto with = closing.peer.value.empty() ? "" : fmt::format(" with {}", name(closing.peer));
  return fmt::format("{}{} is closed: {}", text(closing.connection), with, text(closing.why));
}

std::string sentence(const NoLine& none, const NameOf& name) {
  if (none.moves.empty() || none.moves.back().who != none.who)
    return fmt::format("no recovery line: {} has no checkpoint", name(none.who));
  const auto& last = none.moves.back();
  if (last.cause == Move::Cause::Failed || last.cause == Move::Cause::Asked)
    return fmt::format("no recovery line: {} has no checkpoint to go back to", name(none.who));
  return fmt::format("no recovery line: {} has no checkpoint that fits; at {} {}", name(none.who), sentence(last.from),
                     because(last, name));
}

}  // namespace cutline::protocol
