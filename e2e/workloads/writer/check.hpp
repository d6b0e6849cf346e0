// Pauses the writer, waits until all is acknowledged and all servers are as far as the first, reads, judges, and
// always lets the writer go on.
#pragma once

#include "e2e/workloads/writer/judge.hpp"

namespace cutline::writer {

struct Named {
  std::string name;
  Endpoint endpoint;
};

[[nodiscard]] Result<Checked> check(const Kind& kind, const Endpoint& writer, const std::vector<Named>& servers,
                                    Deadline deadline);

[[nodiscard]] Result<WriterState> ask_writer(const Endpoint& writer, const char* path, Deadline deadline);

}  // namespace cutline::writer
