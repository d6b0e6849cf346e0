#include "sidecar/rounds/sequences.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "sidecar/sockets/dump.hpp"

namespace cutline::sidecar {
namespace {

using Json = nlohmann::json;
using sockets::Bases;

constexpr const char* kFile = "sequences.json";  // of a checkpoint, and beside the store's folders
constexpr Millis kSocketsListed{1000};

Json row(const protocol::Connection& c) { return {c.local.address, c.local.port, c.remote.address, c.remote.port}; }
protocol::Connection connection_of(const Json& row) { return {{row.at(0), row.at(1)}, {row.at(2), row.at(3)}}; }

// Each row to `take`. Nothing where there is no such file.
template <class Take>
Status load(const std::string& path, Take take) {
  const auto text = read_file(path);
  if (!text && text.error().code == Code::NotFound) return {};
  if (!text) return tl::unexpected(text.error());
  try {
    for (const auto& row : Json::parse(*text)) take(row);
    return {};
  } catch (const std::exception& e) {
    return fail(Code::Corrupt, "{}: {}", path, e.what());
  }
}

Result<Bases::Offsets> offsets_at(const store::Store& store, const store::Manifest& checkpoint) {
  Bases::Offsets out;
  const auto path = store.container_folder(checkpoint.checkpoint.epoch, kPodPart) + "/" + kFile;
  const auto loaded = load(path, [&](const Json& row) { out[connection_of(row)] = {row.at(4), row.at(5)}; });
  return loaded ? Result<Bases::Offsets>{std::move(out)} : tl::unexpected(loaded.error());
}

Result<Bases::Numbers> noted(const store::Store& store) {
  Bases::Numbers out;
  const auto loaded = load(store.root() + "/" + kFile, [&](const Json& row) { out[connection_of(row)] = row.at(4); });
  return loaded ? Result<Bases::Numbers>{std::move(out)} : tl::unexpected(loaded.error());
}

}  // namespace

Status save_offsets(const store::Draft& draft, const sockets::Tracker& tracker,
                    const protocol::CounterTable& counters) {
  const auto folder = draft.container(kPodPart);
  if (!folder) return tl::unexpected(folder.error());
  Json rows = Json::array();
  for (const auto& [connection, offset] : tracker.offsets(counters)) {
    rows.push_back(row(connection));
    rows.back().push_back(offset.sent);
    rows.back().push_back(offset.received);
  }
  auto file = open_file(*folder + "/" + kFile, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file) return tl::unexpected(file.error());
  return write_all(file->get(), rows.dump());
}

Status note_numbers(PodParts& pod) {
  const auto path = pod.store.root() + "/" + kFile;
  if (::access(path.c_str(), F_OK) == 0) return {};
  const auto live = sockets::tcp_sockets(Deadline::after(kSocketsListed));
  if (!live) return tl::unexpected(live.error());
  Json rows = Json::array();
  for (const auto& [connection, number] : pod.tracker.numbers(*live)) {
    rows.push_back(row(connection));
    rows.back().push_back(number);
  }
  return replace_file(path, rows.dump());
}

Status forget_numbers(const store::Store& store) {
  const auto path = store.root() + "/" + kFile;
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Status{} : fail_errno(errno, "unlink " + path);
}

Result<std::vector<protocol::Shift>> shifts_to(const store::Store& store, const store::Manifest& checkpoint,
                                               const protocol::Readdressing& names) {
  auto then = offsets_at(store, checkpoint);
  const auto now = noted(store);
  if (!then || !now) return tl::unexpected(then ? now.error() : then.error());
  std::vector<protocol::Shift> out;
  for (const auto& row : checkpoint.checkpoint.counters) {
    const protocol::Connection connection{row.local, row.remote};
    auto [sent, received] = (*then)[connection];
    if (const auto number = now->find(names(connection)); number != now->end())
      received = number->second - static_cast<std::uint32_t>(row.received);
    out.push_back({connection, sent, received});
  }
  return out;
}

Result<Agreed> agreed(const store::Store& store, const store::Manifest& checkpoint,
                      const std::vector<protocol::Shift>& shifts) {
  auto then = offsets_at(store, checkpoint);
  if (!then) return tl::unexpected(then.error());
  Agreed out;
  for (const auto& shift : shifts) out.offsets[shift.connection] = {shift.sent, shift.received};
  for (const auto& row : checkpoint.checkpoint.counters) {
    const protocol::Connection connection{row.local, row.remote};
    const auto before = (*then)[connection];
    const auto after = out.offsets.emplace(connection, before).first->second;
    out.moves.push_back({connection, after.sent - before.sent, after.received - before.received});
  }
  return out;
}

}  // namespace cutline::sidecar
