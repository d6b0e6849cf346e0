#include "sidecar/rounds/connections.hpp"

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "sidecar/rounds/pod.hpp"
#include "sidecar/sockets/counters.hpp"

namespace cutline::sidecar {
namespace {

using Json = nlohmann::json;

Json row(const protocol::Endpoint& local, const protocol::Endpoint& remote) {
  return {local.address, local.port, remote.address, remote.port};
}

Result<protocol::CounterTable> load(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  try {
    protocol::CounterTable out;
    for (const auto& r : Json::parse(*text)) out.push_back({{r.at(0), r.at(1)}, {r.at(2), r.at(3)}});
    return out;
  } catch (const std::exception& e) {
    return fail(Code::Corrupt, "{}: {}", path, e.what());
  }
}

}  // namespace

Status save_loopback(const store::Draft& draft, const sockets::Sockets& live) {
  auto folder = draft.container(kPodPart);
  if (!folder) return tl::unexpected(folder.error());
  Json rows = Json::array();
  for (const auto& socket : live)
    if (socket.state != sockets::TcpState::Listen && !sockets::crosses_pods(socket) && socket.remote.port != 0)
      rows.push_back(row(socket.local, socket.remote));
  auto file = open_file(*folder + "/" + kLoopbackFile, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file) return tl::unexpected(file.error());
  return write_all(file->get(), rows.dump());
}

Result<protocol::CounterTable> load_loopback(const store::Store& store, Epoch checkpoint) {
  return load(store.container_folder(checkpoint, kPodPart) + "/" + kLoopbackFile);
}

Status save_external(const store::Store& store, const std::vector<protocol::Connection>& external) {
  Json rows = Json::array();
  for (const auto& c : external) rows.push_back(row(c.local, c.remote));
  return replace_file(store.root() + "/" + kExternalFile, rows.dump());
}

Result<protocol::CounterTable> load_external(const store::Store& store) {
  return load(store.root() + "/" + kExternalFile);
}

}  // namespace cutline::sidecar
