// A real kube-apiserver with a real etcd, on free loopback ports, in a temporary folder. One for a whole test
// executable:
//
//   auto* const environment = static_cast<ApiServerEnvironment*>(testing::AddGlobalTestEnvironment(new
//   ApiServerEnvironment)); TEST(...) { auto client = environment->server().client(); ... }
// It takes some seconds to start, so register the executable as ONE ctest entry (add_test), not test by test.
//
// The binaries: $CUTLINE_NODE_BIN, else /var/cache/cutline/bin/node, which is every component of a node in one file.
// Call on the thread that runs the tests: the processes end when that thread does, even after a crash. Not thread-safe.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "kube/client.hpp"
#include "kube/config.hpp"
#include "tests/integration/kube/certificates.hpp"
#include "tests/integration/kube/process.hpp"

namespace cutline::test {

// Removed with everything in it.
class TemporaryFolder {
 public:
  [[nodiscard]] static Result<TemporaryFolder> make(const std::string& prefix);
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

struct ApiServerOptions {
  std::vector<std::string> arguments;  // more for kube-apiserver
};

class ApiServer {
 public:
  // Ready when it returns: /readyz says so. NotFound: the binary is missing, with what to do.
  [[nodiscard]] static Result<std::unique_ptr<ApiServer>> start(Deadline deadline, ApiServerOptions options = {});

  // An administrator's (system:masters) kubeconfig on disk, with a client certificate; and the same as a value.
  [[nodiscard]] std::string kubeconfig() const { return folder_.path("kubeconfig"); }
  [[nodiscard]] Result<kube::Config> config() const { return kube::from_kubeconfig(kubeconfig()); }
  [[nodiscard]] Result<std::unique_ptr<kube::Client>> client() const;

  [[nodiscard]] std::string url() const { return fmt::format("https://127.0.0.1:{}", port_); }
  [[nodiscard]] std::string etcd_url() const { return fmt::format("http://127.0.0.1:{}", etcd_port_); }
  [[nodiscard]] std::string folder() const { return folder_.path(); }
  [[nodiscard]] const Certificates& certificates() const { return certificates_; }

  // A call of etcd's own JSON gateway, behind the API server's back: "/v3/kv/compaction".
  [[nodiscard]] Result<kube::Json> etcd(const std::string& path, const kube::Json& body, Deadline deadline) const;

  // The API server alone, on the same port; etcd keeps running. SIGKILL: open connections are cut off.
  void kill_api_server();
  [[nodiscard]] Status start_api_server(Deadline deadline);

 private:
  ApiServer(TemporaryFolder folder, Certificates certificates, ApiServerOptions options);
  [[nodiscard]] Status start_etcd(Deadline deadline);
  [[nodiscard]] Status write_kubeconfig() const;
  [[nodiscard]] std::string log_tail() const;

  TemporaryFolder folder_;  // first: what lives in it ends before it goes
  Certificates certificates_;
  ApiServerOptions options_;
  int port_ = 0, etcd_port_ = 0, etcd_peer_port_ = 0;
  std::optional<Process> etcd_, api_server_;
};

// Starts one server before the first test, ends it after the last. Without one every test fails, with the reason.
class ApiServerEnvironment : public testing::Environment {
 public:
  void SetUp() override;
  void TearDown() override;
  // Throws std::runtime_error, which fails the test, when there is none.
  [[nodiscard]] ApiServer& server() const;

 private:
  Result<std::unique_ptr<ApiServer>> server_ = fail(Code::Unavailable, "not started");
};

// A TCP port of 127.0.0.1 that was free a moment ago.
[[nodiscard]] Result<int> free_port();

// True as soon as `condition` is; false at the deadline.
[[nodiscard]] bool eventually(const std::function<bool()>& condition, Deadline deadline);

}  // namespace cutline::test
