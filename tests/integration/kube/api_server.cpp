#include "tests/integration/kube/api_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "base/fd.hpp"

namespace cutline::test {
namespace {

Result<std::string> node_binary() {
  const char* chosen = std::getenv("CUTLINE_NODE_BIN");
  std::string path = chosen == nullptr ? "/var/cache/cutline/bin/node" : chosen;
  if (::access(path.c_str(), X_OK) == 0) return path;
  return fail(Code::NotFound, "{} is missing: run e2e/cluster/cluster build, or set CUTLINE_NODE_BIN", path);
}

Status wait_for(kube::Client& client, const std::string& path, Process& process, Deadline deadline) {
  Error last{Code::Timeout, "not asked yet"};
  const auto answered = eventually(
      [&] {
        const auto body = client.get_raw(path, deadline.sooner(Millis{5'000}));
        if (!body) last = body.error();
        return body.has_value() || process.pid() < 0 || process.wait(Deadline::after(Millis{0})).has_value();
      },
      deadline);
  if (answered && process.pid() > 0) return {};
  return fail(Code::Unavailable, "{}: {}", process.pid() < 0 ? "the process has ended" : "not ready in time",
              last.message);
}

}  // namespace

Result<int> free_port() {
  const Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return fail_errno(errno, "bind 127.0.0.1:0");
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail_errno(errno, "getsockname");
  return ntohs(address.sin_port);
}

bool eventually(const std::function<bool()>& condition, Deadline deadline) {
  while (!condition()) {
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(Millis{20});
  }
  return true;
}

Result<TemporaryFolder> TemporaryFolder::make(const std::string& prefix) {
  auto pattern = (std::filesystem::temp_directory_path() / (prefix + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) return fail_errno(errno, "mkdtemp " + pattern);
  return TemporaryFolder{pattern};
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

ApiServer::ApiServer(TemporaryFolder folder, Certificates certificates, ApiServerOptions options)
    : folder_(std::move(folder)), certificates_(std::move(certificates)), options_(std::move(options)) {}

Result<std::unique_ptr<ApiServer>> ApiServer::start(Deadline deadline, ApiServerOptions options) {
  auto folder = TemporaryFolder::make("cutline-api");
  if (!folder) return tl::unexpected(folder.error());
  auto certificates = make_certificates(folder->path(), deadline);
  if (!certificates) return tl::unexpected(certificates.error());
  std::unique_ptr<ApiServer> server{new ApiServer{std::move(*folder), std::move(*certificates), std::move(options)}};
  for (int* port : {&server->port_, &server->etcd_port_, &server->etcd_peer_port_}) {
    const auto free = free_port();
    if (!free) return tl::unexpected(free.error());
    *port = *free;
  }
  if (auto written = server->write_kubeconfig(); !written) return tl::unexpected(written.error());
  if (auto started = server->start_etcd(deadline); !started) return forward(started, "etcd");
  if (auto started = server->start_api_server(deadline); !started) return forward(started, "kube-apiserver");
  return server;
}

Result<std::unique_ptr<kube::Client>> ApiServer::client() const {
  auto read = config();
  if (!read) return tl::unexpected(read.error());
  return kube::Client::connect(std::move(*read));
}

Result<kube::Json> ApiServer::etcd(const std::string& path, const kube::Json& body, Deadline deadline) const {
  kube::Config plain;
  plain.server = etcd_url();
  const auto made = kube::Client::connect(plain);
  if (!made) return tl::unexpected(made.error());
  return (*made)->post_raw(path, body, deadline);
}

Status ApiServer::write_kubeconfig() const {
  return replace_file(kubeconfig(), fmt::format(R"(apiVersion: v1
kind: Config
current-context: admin
clusters: [{{name: test, cluster: {{server: "{}", certificate-authority: ca.pem}}}}]
users: [{{name: admin, user: {{client-certificate: admin.pem, client-key: admin.key}}}}]
contexts: [{{name: admin, context: {{cluster: test, user: admin}}}}]
)",
                                                url()));
}

Status ApiServer::start_etcd(Deadline deadline) {
  const auto binary = node_binary();
  if (!binary) return tl::unexpected(binary.error());
  const auto peer = fmt::format("http://127.0.0.1:{}", etcd_peer_port_);
  auto process =
      Process::start({*binary, "etcd", "--data-dir", folder_.path("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
                      "--listen-client-urls", etcd_url(), "--advertise-client-urls", etcd_url(), "--listen-peer-urls",
                      peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer},
                     folder_.path("etcd.log"));
  if (!process) return tl::unexpected(process.error());
  etcd_.emplace(std::move(*process));
  kube::Config plain;
  plain.server = etcd_url();
  auto client = kube::Client::connect(plain);
  if (!client) return tl::unexpected(client.error());
  return wait_for(**client, "/health", *etcd_, deadline);
}

Status ApiServer::start_api_server(Deadline deadline) {
  const auto binary = node_binary();
  if (!binary) return tl::unexpected(binary.error());
  const auto& pem = certificates_;
  std::vector<std::string> argv{*binary,
                                "kube-apiserver",
                                "--etcd-servers=" + etcd_url(),
                                "--bind-address=127.0.0.1",
                                fmt::format("--secure-port={}", port_),
                                "--advertise-address=127.0.0.1",
                                "--endpoint-reconciler-type=none",
                                "--service-cluster-ip-range=10.0.0.0/24",
                                "--allow-privileged=true",
                                "--authorization-mode=RBAC",
                                "--disable-admission-plugins=ServiceAccount",
                                "--tls-cert-file=" + pem.server,
                                "--tls-private-key-file=" + pem.server_key,
                                "--client-ca-file=" + pem.ca,
                                "--service-account-issuer=https://kubernetes.default.svc",
                                "--service-account-key-file=" + pem.service_account_public,
                                "--service-account-signing-key-file=" + pem.service_account_key,
                                "--profiling=false"};
  argv.insert(argv.end(), options_.arguments.begin(), options_.arguments.end());
  auto process = Process::start(argv, folder_.path("kube-apiserver.log"));
  if (!process) return tl::unexpected(process.error());
  api_server_.emplace(std::move(*process));
  auto admin = client();
  if (!admin) return tl::unexpected(admin.error());
  const auto ready = wait_for(**admin, "/readyz", *api_server_, deadline);
  if (!ready) return fail(ready.error().code, "{}\n{}", ready.error().message, log_tail());
  return {};
}

void ApiServer::kill_api_server() {
  if (api_server_) api_server_->stop(Deadline::after(Millis{10'000}), true);
  api_server_.reset();
}

std::string ApiServer::log_tail() const {
  constexpr std::size_t enough = 4000;
  auto log = read_file(folder_.path("kube-apiserver.log"));
  if (!log) return log.error().message;
  return log->size() > enough ? log->substr(log->size() - enough) : *log;
}

void ApiServerEnvironment::SetUp() {
  server_ = ApiServer::start(Deadline::after(Millis{120'000}));
  ASSERT_TRUE(server_) << server_.error().message;
}

void ApiServerEnvironment::TearDown() { server_ = fail(Code::Unavailable, "ended"); }

ApiServer& ApiServerEnvironment::server() const {
  if (!server_) throw std::runtime_error("no API server: " + server_.error().message);
  return **server_;
}

}  // namespace cutline::test
