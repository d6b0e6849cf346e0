// What the tests of this folder share: an API server that has the CRDs, and kubectl and helm as a user runs them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/kube/api_server.hpp"

namespace cutline::test {

inline const std::string source = CUTLINE_SOURCE_DIR;
[[nodiscard]] inline Deadline soon() { return Deadline::after(Millis{30'000}); }

// The server with `kubectl apply -f crds/` done; starts with the first test.
[[nodiscard]] ApiServer& server();

// The output; Invalid, with the output, if the program says no. Looks for the programs where e2e/cluster builds them.
[[nodiscard]] Result<std::string> kubectl(const ApiServer& server, std::vector<std::string> arguments);
[[nodiscard]] Result<std::string> helm(const ApiServer& server, std::vector<std::string> arguments);

// Puts the text into a file and applies it.
[[nodiscard]] Result<std::string> apply_text(const ApiServer& server, const std::string& yaml);

}  // namespace cutline::test
