#include "operator/hooks/report.hpp"

#include "kube/resource.hpp"

namespace cutline::op::hooks {
namespace {

constexpr std::size_t kShown = 50;     // failures in one status
constexpr std::size_t kCommand = 120;  // characters of a command
const Json::json_pointer kHooks{"/status/hooks"};

std::string name_of(const protocol::Hook& hook) {
  auto text = fmt::format("{}", fmt::join(hook.command, " "));
  if (text.size() > kCommand) text.replace(kCommand, std::string::npos, "...");
  return fmt::format("container {}: hook [{}]", hook.container, text);
}

std::string with_output(std::string what, const std::string& said) { return said.empty() ? what : what + ": " + said; }

// One that ran in no pod, in spite of all of them coming to it, is not what its writer meant.
void add_unheard(Report& out, const std::vector<protocol::Hook>& list, const Ended& ended) {
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    const auto passed_over = [&](const auto& run) {
      return run.second &&
             std::ranges::any_of(run.second->outcomes, [&](const auto& o) { return o.hook == i && !o.ran; });
    };
    if (!ended.empty() && std::ranges::all_of(ended, passed_over))
      out.failures.push_back(
          {"", fmt::format("{}: no pod of the workload has such a container that takes part", name_of(list[i])),
           list[i].may_fail});
  }
}

}  // namespace

const Failure* Report::fatal() const {
  const auto found = std::ranges::find(failures, false, &Failure::ignored);
  return found == failures.end() ? nullptr : &*found;
}

std::string show(const Failure& failure) {
  return failure.pod.empty() ? failure.what : fmt::format("pod {}, {}", failure.pod, failure.what);
}

Report judge(const std::vector<protocol::Hook>& list, const Members& members, const Ended& ended) {
  Report out;
  const bool all_may_fail = std::ranges::all_of(list, &protocol::Hook::may_fail);
  for (const auto& [uid, run] : ended) {
    const auto& pod = members.at(uid).name;
    if (!run) {
      out.failures.push_back({pod, fmt::format("its hooks: {}", run.error().message), all_may_fail});
      continue;
    }
    for (const auto& outcome : run->outcomes) {
      if (outcome.failure.empty() || outcome.hook >= list.size()) continue;
      const auto& hook = list[outcome.hook];
      out.failures.push_back(
          {pod, with_output(fmt::format("{} {}", name_of(hook), outcome.failure), outcome.said), hook.may_fail});
    }
  }
  add_unheard(out, list, ended);
  return out;
}

bool pending(const Json& object) { return object.contains(kHooks) && object.at(kHooks).value("pending", false); }

int run_number(const Json& object) {
  const int last = object.contains(kHooks) ? object.at(kHooks).value("run", 0) : 0;
  return pending(object) ? last : last + 1;
}

void record_pending(Json& object) {
  const int run = run_number(object);
  if (!pending(object)) object["status"]["hooks"] = {{"run", run}, {"pending", true}};
}

void record_done(Json& object) { object["status"]["hooks"]["pending"] = false; }

void record(Json& object, const Report& report) {
  auto& failures = object["status"]["hooks"]["failures"];
  if (!failures.is_array()) failures = Json::array();
  for (const auto& failure : report.failures)
    if (failures.size() < kShown)
      failures.push_back({{"pod", failure.pod}, {"message", failure.what}, {"ignored", failure.ignored}});
}

std::string key_of(const Json& object, std::string_view list) {
  return fmt::format("{}/{}/{}", kube::uid_of(object), run_number(object), list);
}

}  // namespace cutline::op::hooks
