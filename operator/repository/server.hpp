// Makes the server of a repository on a volume, and keeps it as server_plan.hpp says.
#pragma once

#include "operator/context.hpp"
#include "operator/repository/server_plan.hpp"

namespace cutline::op::repository {

// Invalid, with what to do: the operator may not make one, or an object of somebody else has its name.
[[nodiscard]] Standing provide_server(Context& context, const Json& repository, Deadline deadline);

}  // namespace cutline::op::repository
