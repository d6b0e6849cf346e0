// kubectl-cutline: which verb, and where its words go. Exit code 0: done; 1: not, the reason is on standard error; 2:
// wrong usage.
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>

#include "base/fd.hpp"
#include "cli/diagram/build.hpp"
#include "cli/diagram/svg.hpp"
#include "cli/diagram/text.hpp"
#include "cli/server.hpp"
#include "cli/status.hpp"

namespace cutline::cli {
namespace {

std::atomic<bool> was_interrupted{false};
extern "C" void interrupt(int) { was_interrupted = true; }

struct Options {
  Access access;
  std::string ns;
  double timeout = 90;
  std::string name;  // of the verb's object
  bool everywhere = false;
  Question question;
  std::string output = "text", file;
  std::size_t last = 6, messages = 40;
  bool ascii = false;
};

std::size_t terminal_width() {
  if (const auto* columns = std::getenv("COLUMNS"); columns != nullptr && std::atoi(columns) > 0)
    return static_cast<std::size_t>(std::atoi(columns));
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

// A terminal that is told no UTF-8 would show something else.
bool needs_ascii() {
  for (const auto* variable : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const auto* value = std::getenv(variable); value != nullptr && *value != '\0') {
      const std::string_view locale{value};
      return locale == "C" || locale == "POSIX";
    }
  return false;
}

Status print(const std::string& text) { return write_all(STDOUT_FILENO, text); }

Status run_status(kube::Client& client, const Options& o, Deadline deadline) {
  std::vector<std::string> spaces{o.ns};
  if (o.everywhere) {
    auto all = namespaces_with_policies(client, deadline);
    if (!all) return tl::unexpected(all.error());
    spaces = std::move(*all);
  }
  std::string out;
  for (const auto& name : spaces) {
    const auto ns = look(client, name, deadline);
    if (!ns) return tl::unexpected(ns.error());
    if (!o.name.empty() && !ns->policy(o.name)) return tl::unexpected(ns->policy(o.name).error());
    for (const auto& policy : ns->policies) {
      if (!o.name.empty() && policy.name != o.name) continue;
      out += (out.empty() ? "" : "\n") + (o.everywhere ? name + "/" : "") + status(*ns, policy).text;
    }
  }
  if (out.empty())
    out =
        o.everywhere
            ? "There is no SnapshotPolicy in any namespace.\n"
            : fmt::format("There is no SnapshotPolicy in namespace {}; -n chooses another one, -A shows all.\n", o.ns);
  return print(out);
}

// The only policy there is, where none was named.
Result<std::string> chosen_policy(const Namespace& ns, const Options& o) {
  if (!o.question.policy.empty()) return o.question.policy;
  if (!o.question.snapshot.empty()) {
    const auto snapshot = ns.snapshot(o.question.snapshot);
    if (!snapshot) return tl::unexpected(snapshot.error());
    if (!(*snapshot)->policy.empty()) return (*snapshot)->policy;
  }
  if (ns.policies.size() == 1) return ns.policies.front().name;
  return fail(Code::Invalid,
              "of which workload? Write --policy NAME, or the name of a Rollback; namespace {} has {} policies",
              ns.name, ns.policies.size());
}

Result<Rollback> rollback_in_question(kube::Client& client, const Options& o, const Namespace& ns, Deadline deadline) {
  if (!o.name.empty()) {
    const auto found = ns.rollback(o.name);
    return found ? Result<Rollback>{**found} : tl::unexpected(found.error());
  }
  auto question = o.question;
  auto policy = chosen_policy(ns, o);
  if (!policy) return tl::unexpected(policy.error());
  question.policy = std::move(*policy);
  return ask(client, o.ns, question, was_interrupted, deadline);
}

Status run_plan(kube::Client& client, const Options& o, Deadline deadline) {
  const auto ns = look(client, o.ns, deadline);
  if (!ns) return tl::unexpected(ns.error());
  const auto rollback = rollback_in_question(client, o, *ns, deadline);
  if (!rollback) return tl::unexpected(rollback.error());
  const auto text = plan(*ns, *rollback, terminal_width());
  return text ? print(*text) : tl::unexpected(text.error());
}

// kind/NAME; a policy's if there is only one, and nothing was named.
Result<Diagram> diagram_in_question(kube::Client& client, const Options& o, const Namespace& ns, Deadline deadline) {
  const auto slash = o.name.find('/');
  const auto kind = o.name.substr(0, slash),
             name = slash == std::string::npos ? std::string{} : o.name.substr(slash + 1);
  if (kind == "snapshot" || kind == "dsnap")
    return ns.snapshot(name).and_then([&](const Snapshot* s) { return of_snapshot(ns, *s); });
  if (kind == "rollback" || kind == "rb")
    return ns.rollback(name).and_then([&](const Rollback* r) { return of_rollback(ns, *r); });
  if (kind == "plan") {
    Options asked = o;
    asked.question.policy = name;
    asked.name.clear();
    return rollback_in_question(client, asked, ns, deadline).and_then([&](const Rollback& r) {
      return of_rollback(ns, r);
    });
  }
  if (kind == "policy" || kind == "spol")
    return ns.policy(name).and_then([&](const Policy* p) { return of_policy(ns, *p); });
  if (!o.name.empty())
    return fail(Code::Invalid, "{}: write snapshot/NAME, rollback/NAME, policy/NAME or plan/POLICY", o.name);
  return chosen_policy(ns, o)
      .and_then([&](const std::string& p) { return ns.policy(p); })
      .and_then([&](const Policy* p) { return of_policy(ns, *p); });
}

Status run_diagram(kube::Client& client, const Options& o, Deadline deadline) {
  const auto ns = look(client, o.ns, deadline);
  if (!ns) return tl::unexpected(ns.error());
  auto whole = diagram_in_question(client, o, *ns, deadline);
  if (!whole) return tl::unexpected(whole.error());
  if (o.last != 0) *whole = trimmed(std::move(*whole), o.last);
  const auto out = o.output == "svg" ? svg(fewer_arrows(std::move(*whole), o.messages))
                                     : text(*whole, terminal_width(), o.ascii || needs_ascii());
  return o.file.empty() ? print(out) : replace_file(o.file, out, 0644);
}

void common(CLI::App& verb, Options& o) {
  verb.add_option("-n,--namespace", o.ns, "Namespace; the kubeconfig's unless stated");
  verb.add_option("--kubeconfig", o.access.kubeconfig, "As kubectl's: $KUBECONFIG, else ~/.kube/config");
  verb.add_option("--context", o.access.context, "A context of the kubeconfig");
  verb.add_option("--timeout", o.timeout, "Seconds that all of it may take")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void wishes(CLI::App& verb, Options& o) {
  auto* to = verb.add_option("--to", o.question.snapshot, "Dry run: back to this DistributedSnapshot");
  verb.add_option("--before", o.question.before,
                  "Dry run: to the most recent line of before this time, for example 2026-03-01T12:00:00Z")
      ->excludes(to);
  verb.add_option("--pods", o.question.pods, "Dry run: as if these pods had failed, for example ledger-0,ledger-2")
      ->delimiter(',')
      ->allow_extra_args(false);
}

CLI::App* define_status(CLI::App& app, Options& o) {
  auto* verb =
      app.add_subcommand("status", "How the workload of each policy stands, and what to do if something is wrong");
  common(*verb, o);
  verb->add_option("policy", o.name, "Only this SnapshotPolicy");
  verb->add_flag("-A,--all-namespaces", o.everywhere, "All namespaces");
  return verb;
}

CLI::App* define_plan(CLI::App& app, Options& o) {
  auto* verb =
      app.add_subcommand("plan", "Where a rollback leads: who goes back, how far, because of what, and what is lost");
  verb->footer(
      "Of a Rollback that is there, or of a dry run, which touches nothing and is removed again:\n"
      "  kubectl cutline plan undo\n"
      "  kubectl cutline plan --policy ledger                   to the recovery line\n"
      "  kubectl cutline plan --policy ledger --pods ledger-0   as if ledger-0 had failed\n"
      "  kubectl cutline plan --to before-the-upgrade");
  common(*verb, o);
  auto* name = verb->add_option("rollback", o.name, "A Rollback; else a dry run is made");
  verb->add_option("--policy", o.question.policy,
                   "Dry run: of this SnapshotPolicy's workload; may be left out where there is only one")
      ->excludes(name);
  wishes(*verb, o);
  return verb;
}

CLI::App* define_diagram(CLI::App& app, Options& o) {
  auto* verb =
      app.add_subcommand("diagram", "The space-time diagram: pods, checkpoints, messages and the recovery line");
  verb->footer(
      "  kubectl cutline diagram                                of the policy, if there is only one\n"
      "  kubectl cutline diagram snapshot/nightly -o svg --output nightly.svg\n"
      "  kubectl cutline diagram rollback/undo\n"
      "  kubectl cutline diagram plan/ledger --pods ledger-0    of a dry run");
  common(*verb, o);
  verb->add_option("what", o.name, "snapshot/NAME, rollback/NAME, policy/NAME, or plan/POLICY for a dry run");
  wishes(*verb, o);
  verb->add_option("-o,--format", o.output, "text or svg")
      ->check(CLI::IsMember({"text", "svg"}))
      ->capture_default_str();
  verb->add_option("--output", o.file, "Write to this file");
  verb->add_option("--last", o.last, "Checkpoints of each pod to show, and what the line needs; 0 shows all")
      ->capture_default_str();
  verb->add_option("--messages", o.messages, "Messages to draw in an SVG, the most telling ones first")
      ->capture_default_str();
  verb->add_flag("--ascii", o.ascii, "Text without box drawing characters");
  return verb;
}

int report(const Status& status) {
  if (status) return 0;
  fmt::print(stderr, "error: {}\n", status.error().message);
  return 1;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Looks at Cutline's snapshots and rollbacks. Put it on your PATH as kubectl-cutline; kubectl then has the verbs "
      "below.",
      "kubectl cutline"};
  app.require_subcommand(1);
  Options o;
  const auto* status_verb = define_status(app, o);
  const auto* plan_verb = define_plan(app, o);
  define_diagram(app, o);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  const auto deadline = Deadline::after(Millis{static_cast<std::int64_t>(o.timeout * 1000)});
  const auto client = connect(o.access);
  if (!client) return report(tl::unexpected(client.error()));
  if (o.ns.empty()) o.ns = (*client)->config().default_namespace;
  if (status_verb->parsed()) return report(run_status(**client, o, deadline));
  return report(plan_verb->parsed() ? run_plan(**client, o, deadline) : run_diagram(**client, o, deadline));
}

}  // namespace
}  // namespace cutline::cli

int main(int argc, char** argv) { return cutline::cli::run(argc, argv); }
