#include "sidecar/criu/warm.hpp"

#include <fcntl.h>

#include "sidecar/criu/arguments.hpp"
#include "sidecar/criu/complaint.hpp"

namespace cutline::criu {

Status warm(const Bundle& bundle, Deadline deadline) {
  constexpr auto kLog = "check.log";
  const int cache = bundle.cache.get();
  const auto ended = criu_child(bundle, "check", cache, cache, kLog).run(deadline);
  if (!ended) return forward(ended, "criu check");
  if (open_at(cache, "criu.kdat", O_RDONLY)) return {};
  const auto log = open_at(cache, kLog, O_RDONLY);
  return tl::unexpected(complaint(log ? read_all(log->get(), 16U << 20U).value_or("") : "", *ended).in("criu check"));
}

}  // namespace cutline::criu
