#include "kube/timestamp.hpp"
#include "operator/api/conditions.hpp"
#include "operator/api/text.hpp"
#include "operator/repository/check.hpp"

namespace cutline::op::repository {
namespace {

constexpr std::chrono::seconds kWhileDamaged{10 * 60};

}  // namespace

CheckSpec read_check_spec(const kube::Json& repository) {
  CheckSpec out;
  if (const auto text = kube::string_at(repository, "/spec/check/interval"); !text.empty())
    if (const auto read = parse_duration(text)) out.interval = std::chrono::duration_cast<std::chrono::seconds>(*read);
  if (auto text = kube::string_at(repository, "/spec/check/readData"); !text.empty()) out.read_data = std::move(text);
  return out;
}

Millis until_check(const kube::Json& repository, std::chrono::sys_seconds now) {
  const auto last = kube::parse_time(kube::string_at(repository, "/status/lastCheck"));
  if (!last) return Millis{0};
  const auto* intact = find_condition(repository, "Intact");
  const bool damaged = intact != nullptr && intact->value("status", "") == "False";
  const auto interval = read_check_spec(repository).interval;
  const auto next = *last + (damaged ? std::min(interval, kWhileDamaged) : interval);
  return next > now ? std::chrono::duration_cast<Millis>(next - now) : Millis{0};
}

}  // namespace cutline::op::repository
