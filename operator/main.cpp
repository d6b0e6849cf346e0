// cutline-operator: wires the rooms together; decides nothing.
#include <CLI/CLI.hpp>
#include <atomic>

#include "base/log.hpp"
#include "kube/lease.hpp"
#include "operator/bell.hpp"
#include "operator/manager.hpp"
#include "operator/repository/keeping.hpp"
#include "operator/serve.hpp"

namespace cutline::op {
namespace {

struct Options {
  std::string ns = "cutline-system";
  std::string pod = "cutline-operator";
  std::string service = "cutline-operator";
  std::string secret = "cutline-authority";
  std::string signing = "cutline-signing";
  std::string restic = "/restic";
  std::string restic_work = "/tmp/restic";
  std::string sidecar_image = "localhost/cutline/sidecar:dev";
  std::string pull_policy = "IfNotPresent";
  std::string log_level = "info";
  std::string check;  // an URL: ask it and exit
  std::uint16_t secure_port = 8443;
  std::uint16_t plain_port = 8080;
};

void define(CLI::App& app, Options& o) {
  app.add_option("--namespace", o.ns, "Namespace of the operator")->envname("POD_NAMESPACE");
  app.add_option("--pod", o.pod, "Name of the operator's pod")->envname("POD_NAME");
  app.add_option("--service", o.service, "Name of the operator's Service")->envname("CUTLINE_SERVICE");
  app.add_option("--authority-secret", o.secret, "Secret of the certificate authority")
      ->envname("CUTLINE_AUTHORITY_SECRET");
  app.add_option("--signing-secret", o.signing, "Secret of the key that signs manifests");
  app.add_option("--restic", o.restic, "The program that keeps checkpoints in repositories");
  app.add_option("--restic-work", o.restic_work, "A folder for its temporary files");
  app.add_option("--sidecar-image", o.sidecar_image,
                 "What the webhook adds to pods, and what serves repositories on volumes")
      ->envname("CUTLINE_SIDECAR_IMAGE");
  app.add_option("--sidecar-pull-policy", o.pull_policy, "Its pull policy")->envname("CUTLINE_SIDECAR_PULL_POLICY");
  app.add_option("--log-level", o.log_level, "trace, debug, info, warn or error");
  app.add_option("--secure-port", o.secure_port, "Webhook and certificate requests");
  app.add_option("--plain-port", o.plain_port, "Health and metrics");
  app.add_option("--check", o.check, "Ask this URL for 200 and exit 0 or 1");
}

int fatal(const Error& error) {
  log::error("cannot start", {{"error", error}});
  return 1;
}

int run(const Options& o, const sigset_t& ends) {
  auto config = kube::discover();
  if (!config) return fatal(config.error());
  auto client = kube::Client::connect(std::move(*config));
  if (!client) return fatal(client.error());
  auto authority = Authority::open(**client, {.ns = o.ns, .secret = o.secret, .service = o.service},
                                   Deadline::after(Millis{60'000}));
  if (!authority) return fatal(authority.error());
  auto signing = repository::open_signing(**client, {o.ns, o.signing}, Deadline::after(Millis{60'000}));
  if (!signing) return fatal(signing.error());
  repository::Keeping keeping{{.path = o.restic, .work = o.restic_work, .cache = true},
                              *std::move(signing),
                              {{o.sidecar_image, o.pull_policy}, (*authority)->certificate(), [&](const auto& leaf) {
                                 return (*authority)->issue(leaf);
                               }}};

  Metrics metrics;
  kube::Events events{**client, "cutline-operator", o.pod};
  control::Fleet fleet{(*authority)->identity()};
  const webhook::Settings settings{o.sidecar_image, o.pull_policy, (*authority)->host(), (*authority)->certificate()};
  auto secure = control::HttpServer::start({.port = o.secure_port, .identity = (*authority)->identity(), .threads = 4},
                                           secure_handler(**authority, metrics, settings));
  if (!secure) return fatal(secure.error());
  const auto maintain = [&] {
    if (auto kept = (*authority)->maintain(Deadline::after(Millis{10'000})); !kept)
      log::warn("authority", {{"error", kept.error()}});
  };
  maintain();
  auto plain = control::HttpServer::start({.port = o.plain_port}, plain_handler(metrics, [] { return true; }));
  if (!plain) return fatal(plain.error());

  // The manager lives while we lead: the election's thread only rings, this one starts and stops.
  Bell bell;
  std::atomic<bool> leading = false;
  const auto turn = [&](bool now) {
    leading = now;
    bell.ring();
  };
  kube::LeaderElection election{**client,
                                {.ns = o.ns, .name = "cutline-operator", .identity = o.pod},
                                {.on_started = [&] { turn(true); }, .on_lost = [&] { turn(false); }}};
  std::unique_ptr<Manager> manager;
  while (!bell.wait(ends, Millis{30'000})) {
    if (leading != (manager != nullptr)) {
      log::info(leading ? "leading" : "no longer leading", {{"identity", o.pod}});
      manager = leading ? std::make_unique<Manager>(Manager::Parts{**client, events, election, fleet, metrics, keeping})
                        : nullptr;
    }
    maintain();
  }
  log::info("stopping");
  return 0;
}

// "http://host:port/path": exit code 0 if it answers 200.
int check(const std::string& url) {
  std::string_view rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto authority = rest.substr(0, slash);
  const auto colon = std::min(authority.rfind(':'), authority.size());
  const auto port = colon < authority.size() ? std::stoi(std::string{authority.substr(colon + 1)}) : 80;
  const auto answer = control::http_get(std::string{authority.substr(0, colon)}, static_cast<std::uint16_t>(port),
                                        slash < rest.size() ? std::string{rest.substr(slash)} : "/", Millis{10'000});
  fmt::print("{}: {}\n", url, answer ? fmt::format("{} {}", answer->status, answer->body) : answer.error().message);
  return answer && answer->status == 200 ? 0 : 1;
}

}  // namespace
}  // namespace cutline::op

int main(int argc, char** argv) {
  using namespace cutline;
  op::Options options;
  CLI::App app{"Cutline's operator: distributed snapshots of pods, and rollback to them"};
  op::define(app, options);
  CLI11_PARSE(app, argc, argv);
  if (!options.check.empty()) return op::check(options.check);
  log::start("cutline-operator", options.log_level);
  return op::run(options, op::Bell::block_ends());
}
