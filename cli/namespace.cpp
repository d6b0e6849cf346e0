#include "cli/namespace.hpp"

#include <cctype>
#include <set>

namespace cutline::cli {
namespace {

template <class T>
Result<const T*> named(const std::vector<T>& all, const std::string& wanted, const std::string& ns,
                       std::string_view kind, std::string_view plural) {
  const auto found = std::ranges::find(all, wanted, &T::name);
  if (found != all.end()) return &*found;
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.name);
  if (names.empty())
    return fail(Code::NotFound, "there is no {} in namespace {}; choose another one with -n", kind, ns);
  constexpr std::size_t kShown = 10;
  const auto more = names.size() > kShown ? ", ..." : "";
  if (names.size() > kShown) names.resize(kShown);
  return fail(Code::NotFound, "there is no {} {} in namespace {}; {} there: {}{}", kind, wanted, ns, plural,
              fmt::join(names, ", "), more);
}

}  // namespace

bool before(const std::string& one, const std::string& other) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  std::size_t i = 0, j = 0;
  while (i < one.size() && j < other.size()) {
    if (digit(one[i]) && digit(other[j])) {
      const auto run = [&](const std::string& s, std::size_t& at) {
        const auto from = at;
        while (at < s.size() && digit(s[at])) ++at;
        const auto zeros = std::min(s.find_first_not_of('0', from), at);
        return s.substr(zeros, at - zeros);
      };
      const auto a = run(one, i), b = run(other, j);
      if (a != b) return a.size() != b.size() ? a.size() < b.size() : a < b;
    } else if (one[i] != other[j]) {
      return one[i] < other[j];
    } else {
      ++i;
      ++j;
    }
  }
  return one.size() - i < other.size() - j;
}

Result<const Policy*> Namespace::policy(const std::string& wanted) const {
  return named(policies, wanted, name, "SnapshotPolicy", "policies");
}
Result<const Snapshot*> Namespace::snapshot(const std::string& wanted) const {
  return named(snapshots, wanted, name, "DistributedSnapshot", "snapshots");
}
Result<const Rollback*> Namespace::rollback(const std::string& wanted) const {
  return named(rollbacks, wanted, name, "Rollback", "rollbacks");
}

const Snapshot* Namespace::find_snapshot(const std::string& wanted) const {
  const auto found = std::ranges::find(snapshots, wanted, &Snapshot::name);
  return found == snapshots.end() ? nullptr : &*found;
}

std::vector<const Snapshot*> Namespace::snapshots_of(const std::string& policy) const {
  std::vector<const Snapshot*> out;
  for (const auto& s : snapshots)
    if (s.policy == policy) out.push_back(&s);
  std::ranges::stable_sort(out, {}, [](const Snapshot* s) { return s->epoch == 0 ? ~std::uint64_t{0} : s->epoch; });
  return out;
}

const Policy* Namespace::policy_of(const Rollback& rollback) const {
  auto wanted = rollback.policy;
  if (const auto* to = find_snapshot(rollback.to); wanted.empty() && to != nullptr) wanted = to->policy;
  const auto found = std::ranges::find(policies, wanted, &Policy::name);
  return found == policies.end() ? nullptr : &*found;
}

std::vector<Pod> Namespace::members_of(const Policy& policy) const {
  std::vector<Pod> out;
  for (const auto& pod : pods)
    if (pod.takes_part && selects(policy, pod)) out.push_back(pod);
  for (const auto& point : policy.line) {
    if (std::ranges::find(out, point.uid, &Pod::uid) != out.end()) continue;
    const bool replaced = std::ranges::find(out, point.pod, &Pod::name) != out.end();
    out.push_back({.name = replaced ? point.pod + " (before)" : point.pod,
                   .uid = point.uid,
                   .node = {},
                   .addresses = {},
                   .labels = {}});
  }
  std::ranges::sort(out, [](const Pod& a, const Pod& b) { return before(a.name, b.name); });
  return out;
}

std::vector<const Checkpoint*> Namespace::checkpoints_of(const std::string& uid) const {
  std::vector<const Checkpoint*> out;
  for (const auto& c : checkpoints)
    if (c.uid == uid) out.push_back(&c);
  std::ranges::sort(out, {}, &Checkpoint::index);
  return out;
}

std::vector<const Checkpoint*> Namespace::history_of(const std::string& uid, Time as_of) const {
  auto out = checkpoints_of(uid);
  std::erase_if(out, [&](const Checkpoint* c) { return c->created && *c->created > as_of; });
  for (const auto& rollback : rollbacks) {
    const auto* planned = rollback.conditions.find("Planned");
    const auto way = std::ranges::find(rollback.plan, uid, &Way::uid);
    if (!rollback.conditions.is("Restored") || planned == nullptr || planned->since.value_or(as_of) >= as_of ||
        way == rollback.plan.end())
      continue;
    std::erase_if(out, [&](const Checkpoint* c) {
      return c->index > way->to.index && c->created && *c->created <= *planned->since;
    });
  }
  return out;
}

}  // namespace cutline::cli
