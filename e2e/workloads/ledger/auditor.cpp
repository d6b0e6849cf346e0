#include "e2e/workloads/ledger/auditor.hpp"

#include <poll.h>

#include <nlohmann/json.hpp>

#include "e2e/workloads/ledger/network.hpp"

namespace cutline::ledger {
namespace {

using namespace std::chrono_literals;
constexpr Millis to_rest = 10s, between = 20ms, for_one = 10s;

Result<std::vector<Report>> ask_all(const std::vector<Endpoint>& pods, const std::string& path, Deadline deadline) {
  std::vector<Report> out;
  for (const auto& pod : pods) {
    auto report = ask(pod, path, deadline.sooner(for_one));
    if (!report) return tl::unexpected(report.error());
    out.push_back(std::move(*report));
  }
  return out;
}

// Says pause each time: a pod that was rolled back meanwhile does not remember.
Status rest(const std::vector<Endpoint>& pods, Deadline deadline, std::optional<Millis> patience) {
  const auto until = deadline.sooner(patience.value_or(to_rest));
  for (;;) {
    const auto reports = ask_all(pods, "/pause", deadline);
    if (!reports && (!patience || until.passed())) return tl::unexpected(reports.error());
    if ((reports && settled(*reports)) || until.passed()) return {};
    (void)::poll(nullptr, 0, static_cast<int>(between.count()));
  }
}

}  // namespace

Result<Report> ask(const Endpoint& pod, const std::string& path, Deadline deadline) {
  const auto body = http_get(pod, path, deadline);
  if (!body) return tl::unexpected(body.error());
  try {
    return report_of(nlohmann::json::parse(*body));
  } catch (const nlohmann::json::exception& e) {
    return fail(Code::Internal, "{}:{}{}: {}", pod.host, pod.port, path, e.what());
  }
}

Result<Audited> audit_pods(const std::vector<Endpoint>& pods, Deadline deadline, std::optional<Millis> patience) {
  const auto rested = rest(pods, deadline, patience);
  auto reports =
      rested ? ask_all(pods, "/audit", deadline) : Result<std::vector<Report>>{tl::unexpected(rested.error())};
  for (const auto& pod : pods) (void)ask(pod, "/resume", deadline.sooner(for_one));
  if (!reports) return tl::unexpected(reports.error());
  auto judged = audit(*reports);
  return Audited{std::move(*reports), std::move(judged)};
}

}  // namespace cutline::ledger
