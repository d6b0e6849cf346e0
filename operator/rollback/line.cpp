#include "operator/rollback/line.hpp"

namespace cutline::op::rollback {
namespace {

using protocol::Point;

// An object of the API server has its limit; a plan that would not fit is refused before anything is touched.
constexpr std::size_t kClosings = 10'000;
constexpr std::size_t kReasons =
    64;  // steps of the domino effect that are told of one pod; beyond that the first and the last ones

const protocol::LocalCheckpoint* checkpoint_at(const Remembered& pod, CheckpointIndex index) {
  const auto found = std::ranges::find(pod.history.checkpoints, index, &protocol::LocalCheckpoint::index);
  return found == pod.history.checkpoints.end() ? nullptr : &*found;
}

std::vector<protocol::LinePod> input(const Workload& workload, const Wish& wish) {
  std::vector<protocol::LinePod> out;
  for (const auto& pod : workload.pods) {
    protocol::LinePod one;
    one.pod = {pod.pod.uid, pod.pod.addresses, pod.services, pod.history};
    one.lives = !wish.everyone && !wish.failed.contains(pod.pod.uid) && pod.history.present.has_value();
    if (const auto newest = wish.newest.find(pod.pod.uid); newest != wish.newest.end()) one.newest = newest->second;
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<protocol::Connection> closings(const protocol::Line& line, const PodUid& pod) {
  std::vector<protocol::Connection> out;
  if (const auto found = line.close.find(pod); found != line.close.end())
    for (const auto& closing : found->second) out.push_back(closing.connection);
  return out;
}

std::string because(const protocol::Line& line, const PodUid& pod, const protocol::NameOf& name) {
  std::vector<std::string> reasons;
  for (const auto& move : line.moves)
    if (move.who == pod) reasons.push_back(protocol::sentence(move, name));
  if (reasons.size() > kReasons) reasons.erase(reasons.begin() + kReasons - 1, reasons.end() - 1);
  return fmt::format("{}", fmt::join(reasons, "; "));
}

Result<Entry> entry(const Remembered& pod, const Point& point, std::vector<protocol::Connection> close,
                    std::string because) {
  if (point.kind == Point::Kind::Start) return Entry{pod.pod, {}, "present", "start", std::move(because), {}, {}, {}};
  const auto* checkpoint = checkpoint_at(pod, point.index);
  if (checkpoint == nullptr)
    return fail(Code::Internal, "pod {} has no checkpoint {}", pod.pod.name, value(point.index));
  const auto names = protocol::names_of(pod.history, point.index);
  const auto back = names.back();
  for (auto& connection : close) connection = back(connection);
  return Entry{pod.pod,
               {checkpoint->epoch, checkpoint->digest, std::move(close), {}, {}, names},
               "present",
               fmt::format("checkpoint {}", value(point.index)),
               std::move(because),
               point.index,
               {},
               {}};
}

}  // namespace

protocol::LineOptions options_of(const SaveSpec& save) {
  if (save.protocol != "Independent") return {};
  return {save.independent.allow_loss ? protocol::Lost::Allow : protocol::Lost::Forbid, save.independent.allow_restart};
}

Result<Line> compute(const Workload& workload, const Wish& wish) {
  std::map<PodUid, std::string> names;
  for (const auto& pod : workload.pods) names.emplace(pod.pod.uid, pod.pod.name);
  const protocol::NameOf name = [&](const PodUid& uid) { return names.contains(uid) ? names.at(uid) : uid.value; };

  const auto found = protocol::recovery_line(input(workload, wish), wish.options);
  if (const auto* none = std::get_if<protocol::NoLine>(&found))
    return fail(Code::NotFound, "{}", protocol::sentence(*none, name));
  const auto& line = std::get<protocol::Line>(found);

  Line out{wish.snapshot, {}, {}, line.domino_depth, line.lost_bytes, line.lost_connections, 0};
  std::size_t total = 0;
  for (const auto& pod : workload.pods) {
    const auto& point = line.points.at(pod.pod.uid);
    auto close = closings(line, pod.pod.uid);
    total += close.size();
    if (point.kind == Point::Kind::Present) {
      if (!close.empty()) out.severed.push_back({pod.pod, std::move(close)});
      continue;
    }
    if (const auto c = line.close.find(pod.pod.uid); c != line.close.end())
      out.external += static_cast<std::size_t>(
          std::ranges::count(c->second, protocol::Closing::Why::Outside, &protocol::Closing::why));
    auto made = entry(pod, point, std::move(close), because(line, pod.pod.uid, name));
    if (!made) return tl::unexpected(made.error());
    out.entries.push_back(std::move(*made));
  }
  if (total > kClosings)
    return fail(Code::Exhausted, "{} connections would have to be closed, more than a plan can hold ({})", total,
                kClosings);
  return out;
}

Result<Line> line_of_all(const Workload& workload, const SaveSpec& save) {
  Wish wish;
  wish.everyone = true;
  wish.options = options_of(save);
  return compute(workload, wish);
}

bool same_way(const Line& one, const Line& other) {
  const auto way = [](const Line& line) {
    std::map<PodUid, Epoch> out;
    for (const auto& entry : line.entries) out.emplace(entry.pod.uid, entry.target.checkpoint);
    return out;
  };
  return way(one) == way(other);
}

}  // namespace cutline::op::rollback
