#include "tests/integration/crds/fixture.hpp"

#include <unistd.h>

#include <cstdlib>

namespace cutline::test {
namespace {

auto* const environment =
    static_cast<ApiServerEnvironment*>(testing::AddGlobalTestEnvironment(new ApiServerEnvironment));

Result<std::string> program(const char* variable, const std::string& otherwise) {
  const char* chosen = std::getenv(variable);
  std::string path = chosen == nullptr ? otherwise : chosen;
  if (::access(path.c_str(), X_OK) == 0) return path;
  return fail(Code::NotFound, "{} is missing: run e2e/cluster/cluster build, or set {}", path, variable);
}

Result<std::string> run_in(const ApiServer& server, std::vector<std::string> argv, std::vector<std::string> arguments) {
  const auto log = server.folder() + "/client.log";
  (void)::unlink(log.c_str());  // may not be there
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run(argv, log, Deadline::after(Millis{60'000}));
}

struct Definitions : testing::Environment {
  void SetUp() override {
    const auto applied = kubectl(environment->server(), {"apply", "-f", source + "/crds"});
    ASSERT_TRUE(applied) << applied.error().message;
    const auto served =
        kubectl(environment->server(), {"wait", "--for=condition=Established", "--timeout=20s", "crd", "--all"});
    ASSERT_TRUE(served) << served.error().message;
  }
};
[[maybe_unused]] auto* const with_definitions = testing::AddGlobalTestEnvironment(new Definitions);

}  // namespace

ApiServer& server() { return environment->server(); }

Result<std::string> kubectl(const ApiServer& server, std::vector<std::string> arguments) {
  const auto node = program("CUTLINE_NODE_BIN", "/var/cache/cutline/bin/node");
  if (!node) return tl::unexpected(node.error());
  return run_in(server,
                {*node, "kubectl", "--kubeconfig", server.kubeconfig(), "--cache-dir", server.folder() + "/kubectl"},
                std::move(arguments));
}

Result<std::string> helm(const ApiServer& server, std::vector<std::string> arguments) {
  const auto helm = program("CUTLINE_HELM_BIN", "/var/cache/cutline/bin/helm");
  if (!helm) return tl::unexpected(helm.error());
  return run_in(server, {*helm, "--kubeconfig", server.kubeconfig()}, std::move(arguments));
}

Result<std::string> apply_text(const ApiServer& server, const std::string& yaml) {
  const auto file = server.folder() + "/applied.yaml";
  if (const auto written = replace_file(file, yaml); !written) return tl::unexpected(written.error());
  return kubectl(server, {"apply", "-f", file});
}

}  // namespace cutline::test
