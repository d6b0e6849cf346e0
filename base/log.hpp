// Structured logs: one JSON object a line on standard error. A constant message, and what varies as fields:
//   log::info("gate closed", {{"epoch", 7}, {"pod", "ledger-0"}});
// Thread-safe.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace cutline::log {

struct Field {
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string{v}) {}
  Field(std::string_view k, std::string_view v) : key(k), value(std::string{v}) {}
  Field(std::string_view k, std::integral auto v) : key(k), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view k, Epoch v) : key(k), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view k, const Error& v) : key(k), value(v.message) {}
  std::string_view key;
  std::variant<std::int64_t, std::string> value;
};
using Fields = std::initializer_list<Field>;

// `component` stands in every line; `level` is trace, debug, info, warn or error. Call once, first thing in main.
void start(std::string_view component, const std::string& level = "info");

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace cutline::log
