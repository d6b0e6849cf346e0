#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace cutline::log {
namespace {

void write(spdlog::level::level_enum level, std::string_view message, Fields fields) {
  nlohmann::ordered_json line;
  line["msg"] = message;
  for (const auto& field : fields)
    std::visit([&](const auto& value) { line[std::string{field.key}] = value; }, field.value);
  const auto text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  spdlog::log(level, "{}", std::string_view{text}.substr(1));  // the pattern opens the object
}

}  // namespace

void start(std::string_view component, const std::string& level) {
  auto logger = spdlog::stderr_logger_mt(std::string{component});
  logger->set_pattern(R"({"ts":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","component":"%n",%v)",
                      spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::trace);
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

void debug(std::string_view message, Fields fields) { write(spdlog::level::debug, message, fields); }
void info(std::string_view message, Fields fields) { write(spdlog::level::info, message, fields); }
void warn(std::string_view message, Fields fields) { write(spdlog::level::warn, message, fields); }
void error(std::string_view message, Fields fields) { write(spdlog::level::err, message, fields); }

}  // namespace cutline::log
