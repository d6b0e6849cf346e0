// How durations, sizes and members are written in the API: "5s", "1m30s", "12.3ms", "3/3". Pure.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/counters.hpp"

namespace cutline::op {

// As Kubernetes and the CRDs take it: a sequence of numbers with ms, s, m or h.
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);

// As Kubernetes writes it: 2026-01-02T03:04:05Z.
[[nodiscard]] Result<std::chrono::system_clock::time_point> parse_time(const std::string& text);

// "10.0.0.1:80" or "[fd00::1]:80"; what is neither becomes an endpoint of no address.
[[nodiscard]] std::string show(const protocol::Endpoint& endpoint);
[[nodiscard]] protocol::Endpoint parse_endpoint(const std::string& text);

// Short, for a column: "950us", "12.3ms", "4.71s".
[[nodiscard]] std::string show(Micros duration);

// RFC 3339, UTC, whole seconds.
[[nodiscard]] std::string show(std::chrono::system_clock::time_point time);

}  // namespace cutline::op
