#include "tests/integration/operator/installation.hpp"

#include <unistd.h>

#include "base/fd.hpp"
#include "control/http.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::test {
namespace {

using kube::Json;

auto* const environment = static_cast<Installation*>(testing::AddGlobalTestEnvironment(new Installation));

const kube::Resource kSecrets{"", "v1", "secrets"};
constexpr const char* kOwnNamespace = "cutline-system";

Status define(const ApiServer& server) {
  const char* chosen = std::getenv("CUTLINE_NODE_BIN");
  const std::string node = chosen == nullptr ? "/var/cache/cutline/bin/node" : chosen;
  const std::vector<std::string> kubectl{
      node, "kubectl", "--kubeconfig", server.kubeconfig(), "--cache-dir", server.folder() + "/kubectl"};
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"apply", "-f", CUTLINE_CRDS},
        {"wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"}}) {
    auto argv = kubectl;
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    if (const auto ran = run(argv, server.folder() + "/kubectl.log", Deadline::after(Millis{120'000})); !ran)
      return forward(ran, "kubectl");
  }
  return {};
}

}  // namespace

Installation& installation() { return *environment; }

void Installation::SetUp() {
  const auto ready = prepare();
  ASSERT_TRUE(ready) << ready.error().message << "\n" << log_tail();
}

void Installation::TearDown() {
  operator_.reset();
  client_.reset();
  server_.reset();
}

Status Installation::prepare() {
  // Addresses of Services are loopback addresses: a test can stand in for what is behind one.
  auto server =
      ApiServer::start(Deadline::after(Millis{180'000}), {.arguments = {"--service-cluster-ip-range=127.32.0.0/20"}});
  if (!server) return tl::unexpected(server.error());
  server_ = std::move(*server);
  auto client = server_->client();
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  if (auto defined = define(*server_); !defined) return defined;
  const Json space = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", kOwnNamespace}}}};
  if (const auto made = client_->create(kNamespaces, space, soon()); !made) return tl::unexpected(made.error());
  for (int* port : {&secure_port_, &plain_port_}) {
    const auto free = free_port();
    if (!free) return tl::unexpected(free.error());
    *port = *free;
  }
  if (auto started = start_operator(); !started) return started;
  return read_authority();
}

Status Installation::read_authority() {
  Result<Json> secret = fail(Code::NotFound, "not asked");
  const auto made = [&] {
    return (secret = client_->get(kSecrets, {kOwnNamespace, "cutline-authority"}, soon())).has_value();
  };
  if (!eventually(made, soon())) return forward(secret, "the operator made no authority");
  const auto key = op::from_base64(kube::string_at(*secret, "/data/tls.key"));
  const auto certificate = op::from_base64(kube::string_at(*secret, "/data/tls.crt"));
  if (!key || !certificate) return fail(Code::Corrupt, "the authority's Secret is not base64");
  authority_ = {*key, *certificate};
  return {};
}

Status Installation::start_operator() {
  auto process = Process::start(
      {"/usr/bin/env", "KUBECONFIG=" + server_->kubeconfig(), CUTLINE_OPERATOR, "--namespace", kOwnNamespace, "--pod",
       "cutline-operator-0", "--secure-port", std::to_string(secure_port_), "--plain-port", std::to_string(plain_port_),
       "--restic", "/usr/bin/restic", "--restic-work", server_->folder() + "/restic"},
      server_->folder() + "/operator.log");
  if (!process) return tl::unexpected(process.error());
  operator_.emplace(std::move(*process));
  const auto healthy = [&] { return operator_->wait(Deadline::after(Millis{0})).has_value() || metrics().has_value(); };
  if (!eventually(healthy, soon()) || !metrics()) return fail(Code::Unavailable, "the operator did not start");
  return {};
}

void Installation::kill_operator() {
  if (operator_) operator_->stop(soon(), true);
  operator_.reset();
}

Result<std::string> Installation::metrics() const {
  const auto answer =
      control::http_get("127.0.0.1", static_cast<std::uint16_t>(plain_port_), "/metrics", Millis{5'000});
  if (!answer) return tl::unexpected(answer.error());
  return answer->body;
}

std::string Installation::log_tail() const {
  constexpr std::size_t enough = 6000;
  if (!server_) return {};
  const auto log = read_file(server_->folder() + "/operator.log").value_or("");
  return log.size() > enough ? log.substr(log.size() - enough) : log;
}

}  // namespace cutline::test
