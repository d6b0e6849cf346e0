// An application with one TCP connection to ADDRESS PORT: sends 1000 bytes, reads 100, says "ready", sends BYTES more,
// and reads to the end. Byte i of all it sends is i % 251. It leaves what comes after the first 100 bytes unread until
// it has sent all.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

void send_pattern(int socket, unsigned long from, unsigned long to) {
  static unsigned char buffer[4096];
  while (from < to) {
    const unsigned long size = to - from < sizeof buffer ? to - from : sizeof buffer;
    for (unsigned long i = 0; i < size; ++i) buffer[i] = static_cast<unsigned char>((from + i) % 251);
    const auto n = ::send(socket, buffer, size, 0);
    if (n <= 0) give_up("send");
    from += static_cast<unsigned long>(n);
  }
}

}  // namespace

int main(int, char** argv) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<unsigned short>(std::atoi(argv[2])));
  (void)::inet_pton(AF_INET, argv[1], &peer.sin_addr);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&peer), sizeof peer) != 0) give_up("connect");
  const unsigned long more = std::strtoul(argv[3], nullptr, 10);
  send_pattern(socket, 0, 1000);
  char buffer[4096];
  if (::recv(socket, buffer, 100, MSG_WAITALL) != 100) give_up("recv");
  std::puts("ready");
  (void)std::fflush(stdout);
  send_pattern(socket, 1000, 1000 + more);
  long rest = 0;
  (void)::shutdown(socket, SHUT_WR);
  for (ssize_t n = 0; (n = ::recv(socket, buffer, sizeof buffer, 0)) > 0;) rest += n;
  std::printf("rest %ld\n", rest);
  (void)std::fflush(stdout);
  for (;;) ::pause();
}
