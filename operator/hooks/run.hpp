// Hooks and volumes before a round, and hooks after it, in all pods at the same time: asked for until every pod has
// done its part.
#pragma once

#include "operator/context.hpp"
#include "operator/hooks/report.hpp"

namespace cutline::op::hooks {

// Returns when all pods have ended theirs, are gone, or have not answered for long after that was due. Nothing: the
// operator stops, and its successor asks again, by the same key.
[[nodiscard]] std::optional<Report> run(Context& context, const std::string& ns, const Members& members,
                                        const std::string& key, const std::vector<protocol::Hook>& list);

// Has the volumes copied while the applications run. Returns when all is copied, or will not be in good time: either
// will do. `waiting` is called once if that takes a while. False: the operator stops.
[[nodiscard]] bool precopy(Context& context, const Members& members, const std::string& key,
                           const std::vector<protocol::Volume>& volumes, const std::function<void()>& waiting);

}  // namespace cutline::op::hooks
