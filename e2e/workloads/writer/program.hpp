// The command line that the writers of all kinds of servers share.
//
//   PROGRAM [run]                                     writes without end; by its environment:
//       WRITER_SERVERS (host:port,...), WRITER_STATUS (0.0.0.0:7402), WRITER_SERIES (4), WRITER_RATE (0: at will)
//   PROGRAM check --writer H[:P] --server NAME=H[:P]... [--json]
//   PROGRAM state --writer H[:P]                      what the writer knows, as JSON
//   PROGRAM write --server H[:P] SERIES NUMBER        one write from outside
//   PROGRAM has --server H[:P] SERIES NUMBER          exit 0: it is there, 1: it is not
//   exit 0: ok, 1: failed, 2: could not be asked, 64: not understood
#pragma once

#include "e2e/workloads/writer/server.hpp"

namespace cutline::writer {

[[nodiscard]] int program(int argc, char** argv, const Kind& kind);

}  // namespace cutline::writer
