#include "sidecar/preflight/preflight.hpp"
#include "sidecar/preflight/rules.hpp"

namespace cutline::preflight {
namespace {

using protocol::Finding;

constexpr std::size_t kOfARule = 8;  // a server with a thousand alike connections shall be told once

class Findings {
 public:
  explicit Findings(const Facts& facts) : facts_(facts) {}

  void add(bool fatal, std::string process, std::string object, const char* remedy) {
    auto& of_rule = by_rule_[remedy];
    if (++of_rule.second <= kOfARule)
      of_rule.first.push_back({fatal, facts_.container, std::move(process), std::move(object), remedy});
  }

  std::vector<Finding> take() {
    std::vector<Finding> out;
    for (auto& [remedy, found] : by_rule_) {
      auto& [some, count] = found;
      if (count > kOfARule) some.back().object += fmt::format(" (and {} more like this)", count - kOfARule);
      std::ranges::move(some, std::back_inserter(out));
    }
    std::ranges::stable_sort(out, std::less{}, [](const Finding& f) { return std::pair{!f.fatal, f.process}; });
    return out;
  }

 private:
  const Facts& facts_;
  std::map<std::string, std::pair<std::vector<Finding>, std::size_t>> by_rule_;
};

std::string describe(const Descriptor& d) {
  auto out = fmt::format("fd {}, {}", d.number, d.link);
  if (!d.protocol.empty()) out += ", " + d.protocol;
  for (const auto& [name, value] : d.options) out += fmt::format(", {} {}", name, value);
  return out;
}

void descriptors(const Process& p, const Facts& facts, Findings& out) {
  for (const auto& d : p.descriptors) {
    const auto rules = descriptor_rules();
    const auto rule = std::ranges::find_if(rules, [&](const auto& r) { return r.applies(d, p, facts); });
    if (rule != rules.end()) out.add(rule->fatal, label(p), describe(d), rule->remedy);
  }
}

void mappings(const Process& p, Findings& out) {
  for (const auto& m : p.mappings) {
    for (const auto& rule : mapping_rules()) {
      if (rule.applies(m)) out.add(rule.fatal, label(p), fmt::format("mapping {} {}", m.range, m.path), rule.remedy);
    }
  }
}

}  // namespace

std::string label(const Process& process) { return fmt::format("{} ({})", process.pid, process.name); }

std::vector<Finding> classify(const Facts& facts) {
  Findings out{facts};
  for (const auto& process : facts.processes) {
    for (const auto& rule : process_rules()) {
      if (auto object = rule.object(process, facts); !object.empty())
        out.add(rule.fatal, label(process), std::move(object), rule.remedy);
    }
    descriptors(process, facts, out);
    mappings(process, out);
  }
  for (const auto& rule : container_rules()) {
    for (auto& [process, object] : rule.objects(facts))
      out.add(rule.fatal, std::move(process), std::move(object), rule.remedy);
  }
  return out.take();
}

std::string sentence(const Finding& f) {
  return fmt::format("{}, {}, {}: {}", f.container, f.process, f.object, f.remedy);
}

}  // namespace cutline::preflight
