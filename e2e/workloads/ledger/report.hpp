// What a pod says about itself at one moment, and how it is written as JSON.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "e2e/workloads/ledger/account.hpp"
#include "e2e/workloads/ledger/book.hpp"

namespace cutline::ledger {

struct Traffic {
  std::uint64_t transfers = 0;
  std::uint64_t bytes = 0;  // of all that the application gave to the connection, or took from it
};

struct PeerReport {
  std::uint64_t session = 0;
  bool connected = false;
  Stream sent, received;
  std::uint64_t in_flight = 0;
  Errors errors;
  std::uint64_t resumed = 0;           // connections that were continued
  std::uint64_t resent = 0;            // transfers that were read from the book for it
  Traffic sent_since, received_since;  // since the mark
};

// Of a thorough report only: the file as it is on the disk, and the ballast.
struct BookReport {
  Contents contents;
  std::string unreadable;  // why, if it is
};

struct Report {
  Index index = 0;
  bool paused = false;
  std::int64_t initial = 0;
  std::int64_t balance = 0;
  std::map<Index, PeerReport> peers;  // all that it has, or had, an edge with
  std::uint64_t ballast_pages = 0;
  std::uint64_t ballast_rewritten = 0;
  std::optional<std::uint64_t> ballast_damaged;
  std::optional<BookReport> book;
};

[[nodiscard]] nlohmann::json to_json(const Report& report);
// Throws nlohmann::json::exception if it is no report.
[[nodiscard]] Report report_of(const nlohmann::json& json);

}  // namespace cutline::ledger
