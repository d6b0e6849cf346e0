// Makes a LocalCheckpoint in the API server: the object and, as its status, where the images are now.
#pragma once

#include "kube/client.hpp"

namespace cutline::op {

// `checkpoint`: metadata and spec, with a deterministic name. One of that name that is there already stays as it is.
[[nodiscard]] Status make_local_checkpoint(kube::Client& client, const kube::Json& checkpoint, Deadline deadline);

}  // namespace cutline::op
