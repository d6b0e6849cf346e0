#include "operator/repository/reconcile.hpp"

#include "operator/api/conditions.hpp"
#include "operator/api/resources.hpp"
#include "operator/api/spec.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::repository {

Result<Outcome> reconcile(Context& context, const kube::Key& key) {
  auto object = context.client.get(kRepositories, key, Deadline::after(Millis{10'000}));
  if (!object) return gone_or(object.error());
  if (is_true(*object, "NotImplemented")) return Outcome{};
  const auto message = fmt::format("this version does not carry out {} yet", fmt::join(not_implemented(*object), ", "));
  RecordKeeper keeper{context.client, kRepositories, std::move(*object)};
  auto written = keeper.write([&](Json& repository) -> cutline::Status {
    set_condition(repository, {"NotImplemented", true, "NotImplemented", message}, now_text());
    set_condition(repository, {"Ready", false, "NotImplemented", message}, now_text());
    return {};
  }, Millis{10'000}, context.stop);
  if (!written) return tl::unexpected(written.error());
  return Outcome{};
}

}  // namespace cutline::op::repository
