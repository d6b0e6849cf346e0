#include "operator/webhook/inject.hpp"

#include "operator/api/resources.hpp"

namespace cutline::op::webhook {
namespace {

constexpr const char* kSidecar = "cutline-sidecar";
constexpr const char* kLauncher = "/.cutline/launcher";

Json& list(Json& object, const char* key) {
  auto& out = object[key];
  if (!out.is_array()) out = Json::array();
  return out;
}

bool named(const Json& items, std::string_view name) {
  return std::ranges::any_of(items, [&](const Json& item) { return item.value("name", "") == name; });
}

std::vector<std::string> excluded(const Json& annotations) {
  std::vector<std::string> out;
  std::string text = annotations.value("cutline.dev/exclude", "");
  std::string word;
  for (const char c : text + ",") {
    if (c == ',' && !word.empty())
      out.push_back(std::exchange(word, {}));
    else if (c != ',' && c != ' ')
      word += c;
  }
  return out;
}

// The container's own command, or the image's entry point as the annotation gives it.
Result<Json> command_of(const Json& container, const Json& annotations) {
  const auto name = container.value("name", "");
  if (const auto command = container.value("command", Json::array()); !command.empty()) return command;
  const auto annotation = "cutline.dev/command." + name;
  const auto text = annotations.value(annotation, "");
  if (text.empty())
    return fail(
        Code::Invalid,
        "container {0} has no command, and Cutline cannot see its image's entry point: write "
        "spec.containers[].command, or the "
        "annotation {1}: '[\"/path/to/program\"]', or leave it out with the annotation cutline.dev/exclude: {0}",
        name, annotation);
  auto parsed = Json::parse(text, nullptr, false);
  const bool strings =
      parsed.is_array() && !parsed.empty() && std::ranges::all_of(parsed, [](const Json& j) { return j.is_string(); });
  if (!strings)
    return fail(Code::Invalid,
                "annotation {} must be a JSON array of strings, for example '[\"/path/to/program\"]', and is: {}",
                annotation, text);
  return parsed;
}

void set_environment(Json& container, const std::string& name, const std::string& value) {
  auto& env = list(container, "env");
  if (!named(env, name)) env.push_back({{"name", name}, {"value", value}});
}

cutline::Status wrap(Json& container, const Json& annotations) {
  auto command = command_of(container, annotations);
  if (!command) return tl::unexpected(command.error());
  Json wrapped = {kLauncher, "--"};
  for (auto& word : *command) wrapped.push_back(std::move(word));
  container["command"] = std::move(wrapped);
  set_environment(container, "CUTLINE_CONTAINER", container.value("name", ""));
  if (annotations.value("cutline.dev/seccomp", "") == "off") set_environment(container, "CUTLINE_SECCOMP", "off");
  list(container, "volumeMounts")
      .push_back({{"name", "cutline-launcher"}, {"mountPath", "/.cutline"}, {"readOnly", true}});
  return {};
}

Json from_field(const char* name, const char* path) {
  return {{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
}

Json sidecar(const Settings& settings, const std::vector<std::string>& containers) {
  return {
      {"name", kSidecar},
      {"image", settings.sidecar_image},
      {"imagePullPolicy", settings.pull_policy},
      {"restartPolicy", "Always"},  // native: started before the application's containers, ended after them
      {"command", {"/cutline-sidecar"}},
      {"env",
       {from_field("POD_NAME", "metadata.name"),
        from_field("POD_NAMESPACE", "metadata.namespace"),
        from_field("POD_UID", "metadata.uid"),
        from_field("NODE_NAME", "spec.nodeName"),
        {{"name", "CUTLINE_OPERATOR"}, {"value", settings.operator_host}},
        {{"name", "CUTLINE_AUTHORITY"}, {"value", settings.authority}},
        {{"name", "CUTLINE_CONTAINERS"}, {"value", fmt::format("{}", fmt::join(containers, ","))}}}},
      {"ports", {{{"name", "cutline"}, {"containerPort", kControlPort}}}},
      {"startupProbe",
       {{"exec", {{"command", {"/cutline-sidecar", "--check"}}}},
        {"periodSeconds", 1},
        {"failureThreshold", 120},
        {"timeoutSeconds", 5}}},
      {"resources", {{"requests", {{"cpu", "10m"}, {"memory", "32Mi"}}}}},
      {"securityContext",
       {{"privileged", true},
        {"runAsUser", 0},
        {"runAsGroup", 0},
        {"runAsNonRoot", false},
        {"allowPrivilegeEscalation", true},
        {"seccompProfile", {{"type", "Unconfined"}}}}},
      {"volumeMounts",
       {{{"name", "cutline-launcher"}, {"mountPath", "/.cutline"}},
        {{"name", "cutline-images"}, {"mountPath", "/var/lib/cutline"}},
        {{"name", "cutline-token"}, {"mountPath", "/var/run/secrets/cutline"}, {"readOnly", true}}}},
  };
}

void add_volumes(Json& spec) {
  auto& volumes = list(spec, "volumes");
  volumes.push_back({{"name", "cutline-launcher"}, {"emptyDir", Json::object()}});
  volumes.push_back({{"name", "cutline-images"}, {"emptyDir", Json::object()}});
  const Json token = {
      {"serviceAccountToken", {{"path", "token"}, {"audience", "cutline.dev"}, {"expirationSeconds", 3600}}}};
  volumes.push_back({{"name", "cutline-token"}, {"projected", {{"sources", {token}}}}});
}

cutline::Status admissible(const Json& spec) {
  if (spec.value("hostNetwork", false))
    return fail(Code::Invalid,
                "a pod with hostNetwork cannot take part: its gate would hold the node's traffic; remove "
                "spec.hostNetwork or the label {}",
                kInjectLabel);
  if (spec.value("hostPID", false))
    return fail(Code::Invalid,
                "a pod with hostPID cannot take part: its containers must share a PID namespace of their own; remove "
                "spec.hostPID or the label {}",
                kInjectLabel);
  return {};
}

std::vector<std::string> probe_warnings(const Json& container) {
  std::vector<std::string> out;
  const auto probe = container.value("livenessProbe", Json{});
  if (!probe.is_object()) return out;
  const auto budget = probe.value("periodSeconds", 10) * probe.value("failureThreshold", 3);
  if (budget < 10)
    out.push_back(
        fmt::format("container {}: its liveness probe gives up after {} s; a snapshot may hold the pod for as long as "
                    "the policy's deadline "
                    "(5 s unless stated): raise failureThreshold, so that no held pod is killed",
                    container.value("name", ""), budget));
  return out;
}

}  // namespace

Result<Injected> inject(const Json& pod, const Settings& settings) {
  Injected out{pod, {}};
  auto& spec = out.pod["spec"];
  if (named(list(spec, "initContainers"), kSidecar)) return Injected{pod, {}};
  if (auto fit = admissible(spec); !fit) return tl::unexpected(fit.error());
  const auto annotations = pod.value(Json::json_pointer("/metadata/annotations"), Json::object());
  const auto left_out = excluded(annotations);
  std::vector<std::string> wrapped;
  for (auto& container : list(spec, "containers")) {
    if (std::ranges::find(left_out, container.value("name", "")) != left_out.end()) continue;
    if (auto done = wrap(container, annotations); !done) return tl::unexpected(done.error());
    for (auto& warning : probe_warnings(container)) out.warnings.push_back(std::move(warning));
    wrapped.push_back(container.value("name", ""));
  }
  if (wrapped.empty())
    return fail(Code::Invalid,
                "every container is left out by the annotation cutline.dev/exclude: nothing would be saved");
  spec["shareProcessNamespace"] = true;
  add_volumes(spec);
  auto& first = list(spec, "initContainers");
  first.insert(first.begin(), sidecar(settings, wrapped));
  return out;
}

}  // namespace cutline::op::webhook
