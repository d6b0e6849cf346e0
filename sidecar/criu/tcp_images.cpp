#include "sidecar/criu/tcp_images.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>

#include "base/fd.hpp"
#include "sidecar/criu/image_entries.hpp"
#include "sidecar/criu/socket_addresses.hpp"

namespace cutline::criu {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kImageLimit = 256U << 20U;

// tcp_stream_entry
constexpr std::uint32_t kReceived = 2, kSent = 4, kWindowUpdate = 13, kWindowAdvertised = 17;

constexpr std::uint64_t kListening = 10;  // TCP_LISTEN

Result<std::optional<TcpImage>> socket_of(std::string_view entry) {
  const auto file = read_message(entry);
  if (!file) return tl::unexpected(file.error());
  const auto* inet = find_field(*file, inet::kSocket);
  if (inet == nullptr) return std::nullopt;
  const auto socket = read_message(inet->bytes);
  if (!socket) return tl::unexpected(socket.error());
  const auto number = [&](std::uint32_t id) {
    const auto* field = find_field(*socket, id);
    return field != nullptr ? field->value : 0;
  };
  if (number(inet::kProtocol) != IPPROTO_TCP || number(inet::kState) == kListening ||
      number(inet::kDestinationPort) == 0)
    return std::nullopt;
  const auto source = values_of(*socket, inet::kSource);
  const auto destination = values_of(*socket, inet::kDestination);
  if (!source || !destination) return tl::unexpected(source ? destination.error() : source.error());
  const auto port = [&](std::uint32_t id) { return static_cast<std::uint16_t>(number(id)); };
  return TcpImage{static_cast<std::uint32_t>(number(inet::kInode)),
                  {{address_text(number(inet::kFamily), *source), port(inet::kSourcePort)},
                   {address_text(number(inet::kFamily), *destination), port(inet::kDestinationPort)}}};
}

Result<std::string> read_image(const fs::path& path) {
  auto text = read_file(path, kImageLimit);
  return text ? std::move(text) : forward(text, path.filename().string());
}

// Never through the link: that is the checkpoint's own file.
Status replace(const fs::path& path, std::string_view text) {
  if (::unlink(path.c_str()) != 0) return fail_errno(errno, "unlink " + path.string());
  auto fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return tl::unexpected(fd.error());
  return write_all(fd->get(), text);
}

Status link_all(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::remove_all(to, error);
  if (!error) fs::create_directories(to, error);
  if (error) return fail_errno(error.value(), "make " + to.string());
  for (auto at = fs::directory_iterator(from, error); !error && at != fs::end(at); at.increment(error)) {
    if (!at->is_regular_file()) continue;
    fs::create_hard_link(at->path(), to / at->path().filename(), error);
    if (error) break;
  }
  return error ? fail_errno(error.value(), "link the images of " + from.string()) : Status{};
}

}  // namespace

Result<std::vector<TcpImage>> tcp_images(std::string_view files) {
  if (files.size() < kMagic) return fail(Code::Corrupt, "files.img is too short");
  files.remove_prefix(kMagic);
  std::vector<TcpImage> out;
  while (!files.empty()) {
    const auto entry = take_entry(files);
    if (!entry) return forward(entry, "files.img");
    const auto socket = socket_of(*entry);
    if (!socket) return forward(socket, "files.img");
    if (*socket) out.push_back(**socket);
  }
  return out;
}

Result<std::string> move_on(std::string_view stream, const protocol::Shift& shift) {
  if (stream.size() < kMagic) return fail(Code::Corrupt, "a connection's image is too short");
  const auto magic = stream.substr(0, kMagic);
  stream.remove_prefix(kMagic);
  const auto entry = take_entry(stream);
  if (!entry) return tl::unexpected(entry.error());
  auto fields = read_message(*entry);
  if (!fields) return tl::unexpected(fields.error());
  for (auto& field : *fields) {
    if (field.id == kSent) field.value = static_cast<std::uint32_t>(field.value + shift.sent);
    if (field.id == kReceived || field.id == kWindowUpdate || field.id == kWindowAdvertised)
      field.value = static_cast<std::uint32_t>(field.value + shift.received);
  }
  return std::string{magic} + entry_text(write_message(*fields)) + std::string{stream};
}

Status move_on(const std::string& images, const std::string& to, const std::vector<protocol::Shift>& shifts,
               const protocol::Readdressing& readdressing) {
  if (auto linked = link_all(images, to); !linked) return linked;
  const auto files = read_image(fs::path{images} / "files.img");
  if (!files) return tl::unexpected(files.error());
  const auto connections = tcp_images(*files);
  if (!connections) return tl::unexpected(connections.error());
  std::map<protocol::Connection, const protocol::Shift*> moves;
  for (const auto& shift : shifts)
    if (shift.sent != 0 || shift.received != 0) moves.emplace(shift.connection, &shift);
  for (const auto& [inode, connection] : *connections) {
    const auto move = moves.find(connection);
    if (move == moves.end()) continue;
    const auto path = fs::path{to} / fmt::format("tcp-stream-{:x}.img", inode);
    const auto stream = read_image(path);
    if (!stream) return tl::unexpected(stream.error());
    const auto moved = move_on(*stream, *move->second);
    if (!moved) return forward(moved, path.filename().string());
    if (auto done = replace(path, *moved); !done) return done;
  }
  if (readdressing.empty()) return {};
  const auto renamed = readdress(*files, readdressing);
  if (!renamed) return forward(renamed, "files.img");
  return replace(fs::path{to} / "files.img", *renamed);
}

}  // namespace cutline::criu
