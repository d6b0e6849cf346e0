#include "operator/policy/reconcile.hpp"

#include "operator/api/resources.hpp"
#include "operator/policy/status.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::policy {
namespace {

constexpr Millis kRead{10'000};
constexpr Millis kPatience{10'000};
constexpr Millis kAgain{10'000};  // pods come and go

}  // namespace

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  const auto deadline = Deadline::after(kRead);
  auto object = context.client.get(kPolicies, key, deadline);
  if (!object) return object.error().code == Code::NotFound ? Result<Outcome>{Outcome{}} : tl::unexpected(object.error());
  const auto pods = context.pods(key.ns, deadline);
  if (!pods) return tl::unexpected(pods.error());
  auto listed = context.client.list(kSnapshots, key.ns, "", deadline);
  if (!listed) return tl::unexpected(listed.error());
  std::vector<Json> snapshots;
  for (auto& snapshot : (*listed)["items"]) snapshots.push_back(std::move(snapshot));

  Json next = *object;
  write_status(next, *pods, snapshots, now_text());
  if (next.value("status", Json{}) == object->value("status", Json{})) return Outcome{kAgain};
  RecordKeeper keeper{context.client, kPolicies, std::move(*object)};
  auto written = keeper.write([&](Json& policy) -> cutline::Status {
    write_status(policy, *pods, snapshots, now_text());
    return {};
  }, kPatience, context.stop);
  if (!written) return tl::unexpected(written.error());
  return Outcome{kAgain};
}

}  // namespace cutline::op::policy
