// cutline-sidecar: wires the rooms together; decides nothing.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/log.hpp"
#include "sidecar/certificate/certificate.hpp"
#include "sidecar/gate/gate.hpp"
#include "sidecar/launchers/hub.hpp"
#include "sidecar/rounds/shell.hpp"
#include "sidecar/store/configuration.hpp"
#include "sidecar/store/record.hpp"

namespace cutline::sidecar {
namespace {

struct Options {
  std::string pod, ns, uid;
  std::string operator_host = "cutline-operator.cutline-system.svc";
  std::uint16_t operator_port = 443;
  std::string authority;
  std::string containers;  // comma-separated
  std::string store = "/var/lib/cutline";
  std::string launcher_folder = "/.cutline";
  std::string launcher = "/launcher";
  std::string bundle = "/criu";
  std::string work = "/dev/shm/cutline";
  std::string restic = "/restic";
  std::string log_level = "info";
  std::uint16_t control_port = 7077;
  bool check = false;
};

void define(CLI::App& app, Options& o) {
  app.add_option("--pod", o.pod, "Name of this pod")->envname("POD_NAME");
  app.add_option("--namespace", o.ns, "Its namespace")->envname("POD_NAMESPACE");
  app.add_option("--uid", o.uid, "Its UID")->envname("POD_UID");
  app.add_option("--operator", o.operator_host, "Host of the operator's Service")->envname("CUTLINE_OPERATOR");
  app.add_option("--operator-port", o.operator_port, "Its port");
  app.add_option("--authority", o.authority, "PEM of the certificate authority")->envname("CUTLINE_AUTHORITY");
  app.add_option("--containers", o.containers, "The containers that take part")->envname("CUTLINE_CONTAINERS");
  app.add_option("--store", o.store, "Where checkpoints are kept");
  app.add_option("--restic", o.restic, "The program that keeps checkpoints in repositories");
  app.add_option("--control-port", o.control_port, "Where the operator connects to");
  app.add_option("--log-level", o.log_level, "trace, debug, info, warn or error");
  app.add_flag("--check", o.check, "Exit 0 when launchers can connect");
}

std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : list + ",") {
    if (c != ',')
      word += c;
    else if (!word.empty())
      out.push_back(std::exchange(word, {}));
  }
  return out;
}

// For the containers, which may have no file of ours otherwise. Replaced as a whole, so that none sees half of it.
Status install_launcher(const Options& o) {
  const auto target = o.launcher_folder + "/launcher";
  std::error_code error;
  if (std::filesystem::exists(target)) return {};  // containers may run it: the same file must stay
  std::filesystem::copy_file(o.launcher, target + ".new", std::filesystem::copy_options::overwrite_existing, error);
  if (!error) std::filesystem::permissions(target + ".new", std::filesystem::perms{0555}, error);
  if (!error) std::filesystem::rename(target + ".new", target, error);
  if (error) return fail(Code::Internal, "install {}: {}", target, error.message());
  return {};
}

// A gate that is closed without deadline, and no rollback that would need it: its opening was all that was missing.
Status settle_gate(gate::Gate& gate, const protocol::participant::Durable& recorded) {
  const auto state = gate.state();
  if (!state) return tl::unexpected(state.error());
  if (state->closed && !state->opens_in && !recorded.restoring) return gate.open();
  return {};
}

// On a kernel that does not tell, the pod is never known to be independent of others.
std::unique_ptr<sockets::Closings> closings() {
  auto started = sockets::Closings::start();
  if (started) return *std::move(started);
  log::warn("connections that close are not seen", {{"error", started.error()}});
  return nullptr;
}

protocol::Configure configured(const std::string& store) {
  auto known = store::load_configuration(store);
  if (known) return *std::move(known);
  log::error("nothing is done unasked until the operator says it again", {{"error", known.error()}});
  return {};
}

int fatal(const Error& error) {
  log::error("cannot start", {{"error", error}});
  return 1;
}

int run(const Options& o, const sigset_t& ends) {
  std::error_code ignored;
  std::filesystem::create_directories(o.work, ignored);
  if (auto installed = install_launcher(o); !installed) return fatal(installed.error());
  auto runner = criu::Runner::open(o.bundle);
  if (!runner) return fatal(runner.error());
  auto store = store::Store::open(o.store);
  if (!store) return fatal(store.error());
  auto record = store::load_record(o.store);
  if (!record) return fatal(record.error());
  auto bases = record->bases == store::Record{}.bases ? Result<sockets::Bases>{sockets::Bases{}}
                                                      : sockets::Bases::from_json(record->bases);
  if (!bases) return fatal(bases.error());
  auto history = History::open(*store);
  if (!history) return fatal(history.error());
  auto closing = closings();
  const bool sees_closings = closing != nullptr;
  sockets::Tracker tracker{
      *std::move(bases),
      std::move(closing),
      {.spare = o.control_port, .parent = history->present(), .from_the_beginning = history->fresh()}};
  auto gate = gate::Gate::install(protocol::GateKind::Queue, o.control_port);
  if (!gate) return fatal(gate.error());
  if (auto settled = settle_gate(*gate, record->durable); !settled) return fatal(settled.error());
  auto hub = Hub::start({.socket = o.launcher_folder + "/sidecar.sock",
                         .program = o.launcher_folder + "/launcher",
                         .expected = words(o.containers),
                         .record = o.store + "/launchers.json"});
  if (!hub) return fatal(hub.error());

  PodParts pod{PodUid{o.uid}, PodName{o.pod},           **hub, *gate, tracker, *store, *runner, o.work, o.control_port,
               sees_closings, gate->counts_datagrams(), {}};
  Remote remote{*store,
                pod.uid,
                pod.name,
                {.path = o.restic, .work = o.store + "/restic", .cache = true, .user = sockets::kOwnUser}};
  Shell shell{pod, *history, remote, record->durable, configured(o.store)};
  Certificate certificate{{.operator_host = o.operator_host,
                           .operator_port = o.operator_port,
                           .authority = o.authority,
                           .kept = o.store + "/certificate.pem"}};
  auto server = control::Server::start(o.control_port, certificate.identity(),
                                       [&](protocol::Command command, control::Server::ReplyTo reply) {
                                         shell.command(std::move(command), std::move(reply));
                                       });
  if (!server) return fatal(server.error());
  log::info("sidecar ready", {{"pod", o.pod}, {"uid", o.uid}, {"epoch", record->durable.epoch}});
  int signal = 0;
  (void)::sigwait(&ends, &signal);
  log::info("stopping", {{"signal", signal}});
  return 0;
}

}  // namespace
}  // namespace cutline::sidecar

int main(int argc, char** argv) {
  using namespace cutline;
  sidecar::Options options;
  CLI::App app{"Cutline's sidecar: saves and restores the containers of its pod"};
  sidecar::define(app, options);
  CLI11_PARSE(app, argc, argv);
  if (options.check) return ::access((options.launcher_folder + "/sidecar.sock").c_str(), F_OK) == 0 ? 0 : 1;
  log::start("cutline-sidecar", options.log_level);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  return sidecar::run(options, ends);
}
