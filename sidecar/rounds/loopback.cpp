#include "sidecar/rounds/loopback.hpp"

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "sidecar/rounds/pod.hpp"
#include "sidecar/sockets/counters.hpp"

namespace cutline::sidecar {

using Json = nlohmann::json;

Status save_loopback(const store::Draft& draft, const sockets::Sockets& live) {
  auto folder = draft.container(kPodPart);
  if (!folder) return tl::unexpected(folder.error());
  Json rows = Json::array();
  for (const auto& socket : live)
    if (socket.state != sockets::TcpState::Listen && !sockets::crosses_pods(socket) && socket.remote.port != 0)
      rows.push_back({socket.local.address, socket.local.port, socket.remote.address, socket.remote.port});
  auto file = open_file(*folder + "/" + kLoopbackFile, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (!file) return tl::unexpected(file.error());
  return write_all(file->get(), rows.dump());
}

Result<protocol::CounterTable> load_loopback(const store::Store& store, Epoch checkpoint) {
  const auto text = read_file(store.container_folder(checkpoint, kPodPart) + "/" + kLoopbackFile);
  if (!text) return tl::unexpected(text.error());
  try {
    protocol::CounterTable out;
    for (const auto& row : Json::parse(*text)) out.push_back({{row.at(0), row.at(1)}, {row.at(2), row.at(3)}});
    return out;
  } catch (const std::exception& e) {
    return fail(Code::Corrupt, "{}: {}", kLoopbackFile, e.what());
  }
}

}  // namespace cutline::sidecar
