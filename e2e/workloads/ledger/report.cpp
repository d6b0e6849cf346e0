#include "e2e/workloads/ledger/report.hpp"

#include <nlohmann/json.hpp>

namespace cutline::ledger {
namespace {

using nlohmann::json;

json json_of(const Stream& s) { return {{"next", s.next}, {"count", s.count}, {"sum", s.sum}}; }
Stream stream_of(const json& j) { return {j.at("next"), j.at("count"), j.at("sum")}; }

json json_of(const Errors& e) {
  return {{"gaps", e.gaps},
          {"repeats", e.repeats},
          {"lostConnections", e.lost_connections},
          {"malformed", e.malformed},
          {"orphans", e.orphans}};
}
Errors errors_of(const json& j) {
  return {j.at("gaps"), j.at("repeats"), j.at("lostConnections"), j.at("malformed"), j.at("orphans")};
}

json json_of(const Traffic& t) { return {{"transfers", t.transfers}, {"bytes", t.bytes}}; }
Traffic traffic_of(const json& j) { return {j.at("transfers"), j.at("bytes")}; }

json json_of(const PeerReport& p) {
  return {{"session", p.session},
          {"connected", p.connected},
          {"sent", json_of(p.sent)},
          {"received", json_of(p.received)},
          {"inFlight", p.in_flight},
          {"errors", json_of(p.errors)},
          {"resumed", p.resumed},
          {"resent", p.resent},
          {"sinceMark", {{"sent", json_of(p.sent_since)}, {"received", json_of(p.received_since)}}}};
}
PeerReport peer_of(const json& j) {
  return {j.at("session"),
          j.at("connected"),
          stream_of(j.at("sent")),
          stream_of(j.at("received")),
          j.at("inFlight"),
          errors_of(j.at("errors")),
          j.at("resumed"),
          j.at("resent"),
          traffic_of(j.at("sinceMark").at("sent")),
          traffic_of(j.at("sinceMark").at("received"))};
}

json json_of(const BookReport& b) {
  json out{{"records", b.contents.records}, {"damaged", b.contents.damaged}, {"unchained", b.contents.unchained},
           {"skipped", b.contents.skipped}, {"balance", b.contents.balance}, {"unreadable", b.unreadable},
           {"peers", json::object()}};
  for (const auto& [index, sums] : b.contents.peers)
    out["peers"][std::to_string(index)] = {
        {"session", sums.session}, {"sent", json_of(sums.sent)}, {"received", json_of(sums.received)}};
  return out;
}
BookReport book_of(const json& j) {
  BookReport out{{j.at("records"), j.at("damaged"), j.at("unchained"), j.at("skipped"), j.at("balance"), {}},
                 j.at("unreadable")};
  for (const auto& [index, sums] : j.at("peers").items())
    out.contents.peers[std::stoi(index)] = {sums.at("session"), stream_of(sums.at("sent")),
                                            stream_of(sums.at("received"))};
  return out;
}

}  // namespace

json to_json(const Report& r) {
  json out{{"index", r.index},
           {"paused", r.paused},
           {"initial", r.initial},
           {"balance", r.balance},
           {"peers", json::object()},
           {"ballastPages", r.ballast_pages},
           {"ballastRewritten", r.ballast_rewritten}};
  for (const auto& [index, peer] : r.peers) out["peers"][std::to_string(index)] = json_of(peer);
  if (r.ballast_damaged) out["ballastDamaged"] = *r.ballast_damaged;
  if (r.book) out["book"] = json_of(*r.book);
  return out;
}

Report report_of(const json& j) {
  Report r{j.at("index"),
           j.at("paused"),
           j.at("initial"),
           j.at("balance"),
           {},
           j.at("ballastPages"),
           j.at("ballastRewritten"),
           {},
           {}};
  for (const auto& [index, peer] : j.at("peers").items()) r.peers[std::stoi(index)] = peer_of(peer);
  if (j.contains("ballastDamaged")) r.ballast_damaged = j.at("ballastDamaged").get<std::uint64_t>();
  if (j.contains("book")) r.book = book_of(j.at("book"));
  return r;
}

}  // namespace cutline::ledger
