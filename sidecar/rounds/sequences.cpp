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
using Numbers = sockets::Bases::Shifts;

constexpr const char* kFile = "sequences.json";  // of a checkpoint, and beside the store's folders
constexpr Millis kSockets{1000};

std::string text_of(const Numbers& numbers) {
  Json rows = Json::array();
  for (const auto& [c, number] : numbers) rows.push_back({c.local.address, c.local.port, c.remote.address, c.remote.port, number});
  return rows.dump();
}

// None where there is no such file: an older version's checkpoint.
Result<Numbers> load(const std::string& path) {
  const auto text = read_file(path);
  if (!text && text.error().code == Code::NotFound) return Numbers{};
  if (!text) return tl::unexpected(text.error());
  try {
    Numbers out;
    for (const auto& r : Json::parse(*text)) out[{{r.at(0), r.at(1)}, {r.at(2), r.at(3)}}] = r.at(4);
    return out;
  } catch (const std::exception& e) {
    return fail(Code::Corrupt, "{}: {}", path, e.what());
  }
}

Result<Numbers> of_checkpoint(const store::Store& store, const store::Manifest& checkpoint) {
  return load(store.container_folder(checkpoint.checkpoint.epoch, kPodPart) + "/" + kFile);
}

}  // namespace

Status save_numbers(const store::Draft& draft, const sockets::Tracker& tracker, const protocol::CounterTable& counters) {
  const auto folder = draft.container(kPodPart);
  if (!folder) return tl::unexpected(folder.error());
  Numbers numbers;
  for (const auto& row : counters) numbers[{row.local, row.remote}] = tracker.number(row);
  auto file = open_file(*folder + "/" + kFile, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file) return tl::unexpected(file.error());
  return write_all(file->get(), text_of(numbers));
}

Status note_numbers(PodParts& pod) {
  if (::access((pod.store.root() + "/" + kFile).c_str(), F_OK) == 0) return {};
  const auto live = sockets::tcp_sockets(Deadline::after(kSockets));
  if (!live) return tl::unexpected(live.error());
  const auto counters = pod.tracker.counters(*live);
  Numbers numbers;
  for (const auto& row : pod.tracker.told().closed) numbers[{row.local, row.remote}] = pod.tracker.number(row);
  for (const auto& row : counters) {
    const protocol::Connection connection{row.local, row.remote};
    // Both: another connection with the same name. Where its numbers lie, nobody knows.
    if (const auto closed = numbers.find(connection); closed != numbers.end()) numbers.erase(closed);
    else numbers[connection] = pod.tracker.number(row);
  }
  return replace_file(pod.store.root() + "/" + kFile, text_of(numbers));
}

Status forget_numbers(const store::Store& store) {
  const auto path = store.root() + "/" + kFile;
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Status{} : fail_errno(errno, "unlink " + path);
}

Result<std::vector<protocol::Shift>> shifts_to(const store::Store& store, const store::Manifest& checkpoint) {
  const auto then = of_checkpoint(store, checkpoint);
  const auto now = load(store.root() + "/" + kFile);
  if (!then || !now) return tl::unexpected(then ? now.error() : then.error());
  std::vector<protocol::Shift> out;
  for (const auto& row : checkpoint.checkpoint.counters) {
    const protocol::Connection connection{row.local, row.remote};
    const auto before = then->find(connection);
    const auto noted = now->find(connection);
    const bool known = before != then->end() && noted != now->end();
    out.push_back({connection, 0, known ? noted->second - before->second : 0});
  }
  return out;
}

Result<Numbers> continued(const store::Store& store, const store::Manifest& checkpoint, const std::vector<protocol::Shift>& shifts) {
  const auto then = of_checkpoint(store, checkpoint);
  if (!then) return then;
  Numbers out;
  for (const auto& row : checkpoint.checkpoint.counters) {
    const protocol::Connection connection{row.local, row.remote};
    const auto shift = std::ranges::find(shifts, connection, &protocol::Shift::connection);
    const auto number = then->contains(connection) ? then->at(connection) : static_cast<std::uint32_t>(row.received);
    out[connection] = number + (shift != shifts.end() ? shift->received : 0) - static_cast<std::uint32_t>(row.received);
  }
  return out;
}

}  // namespace cutline::sidecar
