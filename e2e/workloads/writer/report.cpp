#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "e2e/workloads/writer/judge.hpp"

namespace cutline::writer {

std::string text(const Checked& checked) {
  std::string out = fmt::format("writer   {} writes acknowledged in {} series, {} sent again\n",
                                checked.writer.acknowledged(), checked.writer.series.size(), checked.writer.repeats);
  for (const auto& s : checked.servers) {
    out += fmt::format("{:<8} {} writes, at {}", s.name, s.contents.writes.size(), s.position);
    for (const auto* more : {&s.contents.session, &s.contents.note})
      if (!more->empty()) out += ", " + *more;
    out += "\n";
  }
  for (const auto& reason : checked.reasons) out += fmt::format("  {}\n", reason);
  return out + (checked.ok() ? fmt::format("check: ok, {} writes\n", checked.writer.acknowledged())
                             : fmt::format("check: FAILED, {} reasons\n", checked.reasons.size()));
}

nlohmann::json to_json(const Checked& checked) {
  nlohmann::json out{{"ok", checked.ok()},
                     {"acknowledged", checked.writer.acknowledged()},
                     {"repeats", checked.writer.repeats},
                     {"reasons", checked.reasons},
                     {"servers", nlohmann::json::array()}};
  for (const auto& s : checked.servers)
    out["servers"].push_back({{"name", s.name},
                              {"writes", s.contents.writes.size()},
                              {"position", s.position},
                              {"session", s.contents.session},
                              {"note", s.contents.note}});
  return out;
}

nlohmann::json to_json(const WriterState& writer) {
  nlohmann::json out{{"acknowledged", writer.acknowledged()},
                     {"repeats", writer.repeats},
                     {"paused", writer.paused},
                     {"series", nlohmann::json::array()}};
  for (const auto& one : writer.series)
    out["series"].push_back({{"sent", one.sent}, {"acknowledged", one.acknowledged}, {"error", one.error}});
  return out;
}

Result<WriterState> writer_from_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("series") || !json["series"].is_array())
    return fail(Code::Internal, "the writer's answer is not its state: {}", text.substr(0, 200));
  WriterState out;
  out.repeats = json.value("repeats", std::uint64_t{0});
  out.paused = json.value("paused", false);
  for (const auto& one : json["series"])
    out.series.push_back({one.value("sent", std::uint64_t{0}), one.value("acknowledged", std::uint64_t{0}),
                          one.value("error", std::string{})});
  return out;
}

}  // namespace cutline::writer
