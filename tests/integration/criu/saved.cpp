#include "tests/integration/criu/saved.hpp"

#include <filesystem>

namespace cutline::test {

std::string new_folder(const std::string& name) {
  const auto folder = pod().folder + "/" + name;
  std::filesystem::create_directories(folder);
  return folder;
}

Result<Saved> save(const criu::Runner& runner, Container& container, const std::string& name, Deadline deadline) {
  Saved out{.images = new_folder(fmt::format("images-{}-{}", container.options().name, name))};
  const auto start = std::chrono::steady_clock::now();
  if (auto frozen = container.freezer().freeze(soon()); !frozen) return tl::unexpected(frozen.error());
  out.output = container.out().text();
  auto report = runner.dump({container.keeper(), container.launcher(), out.images, container.freezer()}, deadline);
  const auto thawed = container.freezer().thaw();
  out.frozen = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start);
  if (!report) return tl::unexpected(report.error());
  if (!thawed) return tl::unexpected(thawed.error());
  out.report = std::move(*report);
  return out;
}

Result<std::size_t> end_tree(Container& container) {
  if (auto sent = container.link().send(launcher::Hold{}); !sent) return tl::unexpected(sent.error());
  if (auto held = container.link().expect<launcher::Held>(soon()); !held) return tl::unexpected(held.error());
  if (auto ended = container.freezer().kill_all(soon()); !ended) return tl::unexpected(ended.error());
  return container.out().text().size();
}

Result<criu::RestoreReport> put_back(const criu::Runner& runner, Container& container, const std::string& images) {
  auto report = runner.restore({container.launcher(), images, {}, container.freezer()}, soon());
  if (!report) return report;
  if (auto sent = container.link().send(launcher::Adopt{report->root}); !sent) return tl::unexpected(sent.error());
  container.adopted(report->root);
  return report;
}

Result<std::vector<long>> next_numbers(Container& container, std::size_t from, const std::string& word) {
  std::vector<long> out;
  const auto enough = [&](const std::string& text) {
    out = numbers_of(text.substr(from), word);
    return out.size() >= 3;
  };
  if (auto came = container.out().wait(enough, soon()); !came) return tl::unexpected(came.error());
  return out;
}

Container Saving::running(ContainerOptions options, const std::string& word) {
  auto container = must(Container::start(std::move(options)));
  must(container.out().wait([&](const std::string& text) { return numbers_of(text, word).size() >= 5; }, soon()));
  return container;
}

}  // namespace cutline::test
