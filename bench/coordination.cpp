// What the protocol costs over the bare network: a coordinated round with participants that save nothing, over the real
// control channel (mutual TLS, JSON, the round's state machine), beside two raw TCP request/answer fan-outs to as many
// peers. A participant and a raw peer are each a thread of their own, all in another process; both ends share this
// machine.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/fd.hpp"
#include "bench/lib/figures.hpp"
#include "control/server.hpp"
#include "operator/rounds/driver.hpp"

namespace {

using namespace cutline;
using namespace cutline::bench;
namespace round_ = protocol::round;

constexpr int kPeers = 100;
constexpr int kRuns = 60;
constexpr int kWarm = 10;
constexpr std::size_t kRawBytes = 64;

control::IdentitySource identity(const control::KeyAndCertificate& authority, const std::string& name) {
  auto own = control::issue(authority, {name, {}});
  if (!own) die(own.error().message);
  auto fixed = std::make_shared<const control::Identity>(control::Identity{authority.certificate, std::move(*own)});
  return [fixed] { return fixed; };
}

// A participant that saves nothing: it acknowledges at once.
void take_part(const protocol::Command& command, const control::Server::ReplyTo& reply) {
  if (const auto* request = std::get_if<protocol::Request>(&command)) {
    protocol::LocalCheckpoint checkpoint;
    checkpoint.epoch = request->epoch;
    checkpoint.digest = "sha256:" + std::string(64, '0');
    reply(protocol::Acked{request->epoch, std::move(checkpoint)});
  } else if (const auto* done = std::get_if<protocol::Done>(&command)) {
    reply(protocol::Opened{done->epoch, {}});
  }
}

bool whole(int fd, char* bytes, bool out) {
  for (std::size_t at = 0; at < kRawBytes;) {
    const auto n =
        out ? ::send(fd, bytes + at, kRawBytes - at, MSG_NOSIGNAL) : ::recv(fd, bytes + at, kRawBytes - at, 0);
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

int listen_raw(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, kPeers) != 0) die("listen");
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) die("getsockname");
  port = ntohs(address.sin_port);
  return fd;
}

struct Ports {
  std::uint16_t raw = 0;
  std::uint16_t control[kPeers] = {};
};

// The other process: kPeers participants and kPeers raw peers, until its parent is gone.
[[noreturn]] void be_peers(int report, const control::KeyAndCertificate& authority) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Ports ports;
  std::vector<std::unique_ptr<control::Server>> servers;
  for (int i = 0; i < kPeers; ++i) {
    auto server =
        control::Server::start(0, identity(authority, control::pod_identity(PodUid{std::to_string(i)})), take_part);
    if (!server) die(server.error().message);
    ports.control[i] = (*server)->port();
    servers.push_back(std::move(*server));
  }
  const int listener = listen_raw(ports.raw);
  if (::write(report, &ports, sizeof ports) != static_cast<ssize_t>(sizeof ports)) die("report");
  for (;;) {
    const int fd = ::accept(listener, nullptr, nullptr);
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::thread{[fd] {
      char bytes[kRawBytes];
      while (whole(fd, bytes, false) && whole(fd, bytes, true)) {
      }
      ::close(fd);
    }}.detach();
  }
}

std::vector<int> connect_raw(std::uint16_t port) {
  std::vector<int> out;
  for (int i = 0; i < kPeers; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    out.push_back(fd);
  }
  return out;
}

double raw_fan_out(const std::vector<int>& peers) {
  char bytes[kRawBytes] = {};
  const auto start = Clock::now();
  for (const int fd : peers)
    if (!whole(fd, bytes, true)) die("raw send");
  for (const int fd : peers)
    if (!whole(fd, bytes, false)) die("raw receive");
  return ms_since(start);
}

double round_time(control::Fleet& fleet, const std::map<PodUid, control::Peer>& peers, std::uint64_t epoch) {
  round_::Plan plan{Epoch{epoch}, {}, Millis{5000}, Millis{50}, {}};
  for (const auto& [uid, peer] : peers) plan.members.insert(uid);
  op::DriverOptions options;
  options.peers = peers;
  options.gone = [] { return std::set<PodUid>{}; };
  options.on_reply = [](const PodUid&, const protocol::Reply&) {};
  op::Driver<op::SnapshotProtocol> driver{fleet, std::move(options), [](const round_::Record&) { return Status{}; }};
  const auto start = Clock::now();
  const auto ended = driver.run(round_::Begin{std::move(plan), Clock::now()}, {});
  if (!ended || !ended->committed) die("the round did not commit");
  return ms_since(start);
}

}  // namespace

int main() {
  const auto authority = control::make_authority("cutline", std::chrono::hours{1});
  if (!authority) die(authority.error().message);
  int pipe[2];
  if (::pipe(pipe) != 0) die("pipe");
  const pid_t child = ::fork();
  if (child == 0) be_peers(pipe[1], *authority);
  Ports ports;
  if (::read(pipe[0], &ports, sizeof ports) != static_cast<ssize_t>(sizeof ports)) die("no peers");
  control::Fleet fleet{identity(*authority, control::kOperatorIdentity)};
  std::map<PodUid, control::Peer> peers;
  for (int i = 0; i < kPeers; ++i)
    peers[PodUid{std::to_string(i)}] = {PodUid{std::to_string(i)}, "127.0.0.1", ports.control[i]};
  const auto raw = connect_raw(ports.raw);

  std::vector<double> floor, ours;
  for (int i = 0; i < kWarm + kRuns; ++i) {  // interleaved: both see the same machine
    const double two = raw_fan_out(raw) + raw_fan_out(raw);
    const double one = round_time(fleet, peers, static_cast<std::uint64_t>(i) + 1);
    if (i < kWarm) continue;
    floor.push_back(two);
    ours.push_back(one);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  headline(fmt::format("a round with {} participants that save nothing", kPeers).c_str());
  row("two raw TCP fan-outs of 64 bytes", floor);
  row("request, ack, done, opened", ours);
  fmt::print(
      "{{\"bench\": \"coordination\", \"peers\": {}, \"floor_ms\": {:.3f}, \"round_ms\": {:.3f}, \"ratio\": {:.2f}}}\n",
      kPeers, median(floor), median(ours), median(ours) / median(floor));
}
