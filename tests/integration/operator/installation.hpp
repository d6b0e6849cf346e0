// Cutline as it is installed: an API server with the CRDs, and the operator's own program beside it, which tests may
// kill and start. One for the whole executable. Call from the thread that runs the tests.
#pragma once

#include <optional>

#include "control/pki.hpp"
#include "tests/integration/kube/api_server.hpp"

namespace cutline::test {

inline const kube::Resource kNamespaces{"", "v1", "namespaces", false};

class Installation : public testing::Environment {
 public:
  void SetUp() override;
  void TearDown() override;

  [[nodiscard]] ApiServer& server() const { return *server_; }
  [[nodiscard]] kube::Client& client() const { return *client_; }
  // The authority that the operator has made, as its Secret holds it.
  [[nodiscard]] const control::KeyAndCertificate& authority() const { return authority_; }

  // As the same pod, whose container is restarted: the Lease is its own already.
  [[nodiscard]] Status start_operator();
  void kill_operator();  // SIGKILL; gone when this returns
  [[nodiscard]] bool operator_runs() const { return operator_.has_value(); }
  // The end of what the operator has said so far.
  [[nodiscard]] std::string log_tail() const;
  // GET of its plain port.
  [[nodiscard]] Result<std::string> metrics() const;

 private:
  [[nodiscard]] Status prepare();
  [[nodiscard]] Status read_authority();

  std::unique_ptr<ApiServer> server_;
  std::unique_ptr<kube::Client> client_;
  control::KeyAndCertificate authority_;
  int secure_port_ = 0, plain_port_ = 0;
  std::optional<Process> operator_;
};

[[nodiscard]] Installation& installation();
[[nodiscard]] inline Deadline soon() { return Deadline::after(Millis{120'000}); }

}  // namespace cutline::test
