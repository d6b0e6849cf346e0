#include "tests/integration/repository/object_store.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdlib>
#include <thread>

#include "base/fd.hpp"
#include "operator/repository/server_plan.hpp"

namespace cutline::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(port);
  return out;
}

std::uint16_t free_port() {
  const Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

bool answers(std::uint16_t port) {
  const Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string program(const std::string& name) {
  const char* cache = std::getenv("CUTLINE_CACHE");
  auto path = fmt::format("{}/bin/{}", cache != nullptr ? cache : "/var/cache/cutline", name);
  if (!std::filesystem::exists(path))
    throw std::runtime_error(path + " is missing: run e2e/objectstores/build and images/rest-server/make");
  return path;
}

}  // namespace

std::string rest_server() { return program("restic-rest-server"); }

ObjectStore::ObjectStore(StoreKind kind, std::filesystem::path folder)
    : kind_(kind), folder_(std::move(folder)), port_(free_port()) {
  std::filesystem::create_directories(bucket());
  if (kind_ == StoreKind::Volume) authority_ = control::make_authority("test", std::chrono::hours{24}).value();
  start();
}

Child ObjectStore::command() const {
  Child out;
  const auto address = fmt::format("127.0.0.1:{}", port_);
  if (kind_ == StoreKind::Versitygw) {
    out.arguments = {program("versitygw"), "--port", address, "--quiet", "posix", folder_};
    out.environment = {"ROOT_ACCESS_KEY=" + access_key_, "ROOT_SECRET_KEY=" + secret_key_, "HOME=" + folder_.string()};
  } else if (kind_ == StoreKind::Volume) {
    out.arguments = op::repository::server_command(rest_server(), address, bucket(), secret(""));
  } else {
    out.arguments = {
        program("rclone-s3"), "serve", "s3",   "--addr", address, "--auth-key", access_key_ + ',' + secret_key_,
        "--vfs-cache-mode",   "off",   folder_};
    out.environment = {"HOME=" + folder_.string(), "RCLONE_CONFIG=/dev/null"};
  }
  out.name = "the object store";
  out.dies_with_caller = true;
  return out;
}

// As the operator's Secret has it.
void ObjectStore::write_secret() const {
  const auto own = control::issue(authority_, {.identity = "cutline://test", .addresses = {"127.0.0.1"}}).value();
  std::filesystem::create_directories(secret(""));
  for (const auto& [name, text] : {std::pair{"tls.crt", own.certificate}, std::pair{"tls.key", own.key},
                                   std::pair{"htpasswd", op::repository::htpasswd(access_key_, secret_key_)}})
    if (const auto written = replace_file(secret(name), text); !written)
      throw std::runtime_error(written.error().message);
}

void ObjectStore::start() {
  if (kind_ == StoreKind::Volume) write_secret();
  auto started = command().start();
  if (!started) throw std::runtime_error(started.error().message);
  running_.emplace(*std::move(started));
  const auto deadline = Deadline::after(Millis{30'000});
  while (!answers(port_)) {
    if (deadline.passed() || running_->ends(Deadline::after(Millis{20})))
      throw std::runtime_error("no object store: " + running_->output(0));
  }
}

void ObjectStore::kill() { running_.reset(); }
void ObjectStore::stand_still(bool still) { ::kill(-running_->group(), still ? SIGSTOP : SIGCONT); }

void ObjectStore::accept(std::string access_key, std::string secret_key) {
  access_key_ = std::move(access_key);
  secret_key_ = std::move(secret_key);
}

protocol::Repository ObjectStore::repository(const std::string& prefix) const {
  const bool on_volume = kind_ == StoreKind::Volume;
  return {.url = on_volume ? fmt::format("rest:https://127.0.0.1:{}/{}/", port_, prefix)
                           : fmt::format("s3:http://127.0.0.1:{}/backups/{}", port_, prefix),
          .password = "correct horse battery staple",
          .access_key = access_key_,
          .secret_key = secret_key_,
          .region = {},
          .authority = authority_.certificate};
}

}  // namespace cutline::test
