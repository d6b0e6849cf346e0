#include "sidecar/criu/socket_addresses.hpp"

#include "sidecar/criu/image_entries.hpp"

namespace cutline::criu {
namespace {

using Fields = std::vector<Field>;

// Of a repeated field, one by one as it was written.
Status set_all(Fields& fields, std::uint32_t id, const std::vector<std::uint64_t>& words) {
  std::size_t at = 0;
  for (auto& field : fields) {
    if (field.id != id) continue;
    if (field.type != 0 || at == words.size())
      return fail(Code::Corrupt, "field {} of a socket is written in an unknown way", id);
    field.value = words[at++];
  }
  return {};
}

struct End {
  std::uint32_t address, port;
};
constexpr End kLocal{inet::kSource, inet::kSourcePort}, kRemote{inet::kDestination, inet::kDestinationPort};

Result<protocol::Endpoint> endpoint_of(const Fields& socket, End end) {
  const auto words = values_of(socket, end.address);
  if (!words) return tl::unexpected(words.error());
  const auto* family = find_field(socket, inet::kFamily);
  const auto* port = find_field(socket, end.port);
  return protocol::Endpoint{words->empty() ? "" : address_text(family != nullptr ? family->value : 0, *words),
                            static_cast<std::uint16_t>(port != nullptr ? port->value : 0)};
}

Status set_endpoint(Fields& socket, End end, const protocol::Endpoint& was, const protocol::Endpoint& now) {
  if (was == now) return {};
  const auto before = values_of(socket, end.address);
  if (!before) return tl::unexpected(before.error());
  const auto words = address_words(now.address, before->size());
  if (!words) return tl::unexpected(words.error());
  for (auto& field : socket)
    if (field.id == end.port) field.value = now.port;
  return set_all(socket, end.address, *words);
}

// Nothing: no socket, or none that has another name now.
Result<std::optional<std::string>> readdressed(std::string_view entry, const protocol::Readdressing& readdressing) {
  auto file = read_message(entry);
  if (!file) return tl::unexpected(file.error());
  const auto* inet = find_field(*file, inet::kSocket);
  if (inet == nullptr) return std::nullopt;
  auto socket = read_message(inet->bytes);
  if (!socket) return tl::unexpected(socket.error());
  const auto local = endpoint_of(*socket, kLocal);
  const auto remote = endpoint_of(*socket, kRemote);
  if (!local || !remote) return tl::unexpected(local ? remote.error() : local.error());
  const auto now = readdressing(protocol::Connection{*local, *remote});
  if (now.local == *local && now.remote == *remote) return std::nullopt;
  if (auto done = set_endpoint(*socket, kLocal, *local, now.local); !done) return tl::unexpected(done.error());
  if (auto done = set_endpoint(*socket, kRemote, *remote, now.remote); !done) return tl::unexpected(done.error());
  const auto inside = write_message(*socket);
  for (auto& field : *file)
    if (field.id == inet::kSocket) field.bytes = inside;
  return write_message(*file);
}

}  // namespace

Result<std::string> readdress(std::string_view files, const protocol::Readdressing& readdressing) {
  if (files.size() < kMagic) return fail(Code::Corrupt, "files.img is too short");
  std::string out{files.substr(0, kMagic)};
  files.remove_prefix(kMagic);
  while (!files.empty()) {
    const auto entry = take_entry(files);
    if (!entry) return tl::unexpected(entry.error());
    const auto now = readdressed(*entry, readdressing);
    if (!now) return tl::unexpected(now.error());
    out += entry_text(now->has_value() ? std::string_view{**now} : *entry);
  }
  return out;
}

}  // namespace cutline::criu
