#include "sidecar/store/digest.hpp"

#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace cutline::store {
namespace {

constexpr std::size_t kChunk = 256 << 10;
constexpr int kChunksBetweenLooks = 64;

class Sha256 {
 public:
  Sha256() : context_(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free) {
    (void)::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr);
  }
  void add(const void* data, std::size_t size) { (void)::EVP_DigestUpdate(context_.get(), data, size); }
  [[nodiscard]] std::string hex() {
    std::array<unsigned char, 32> raw{};
    (void)::EVP_DigestFinal_ex(context_.get(), raw.data(), nullptr);
    std::string out;
    for (const auto byte : raw) out += fmt::format("{:02x}", byte);
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

std::string sha256(std::string_view data) {
  Sha256 hash;
  hash.add(data.data(), data.size());
  return hash.hex();
}

Result<std::string> sha256_of(int fd, std::uint64_t offset, std::uint64_t length, Deadline deadline) {
  thread_local std::vector<char> buffer(kChunk);
  Sha256 hash;
  for (int chunk = 1; length > 0; ++chunk) {
    const ssize_t n = ::pread(fd, buffer.data(), std::min<std::uint64_t>(length, kChunk), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read");
    if (n == 0) return fail(Code::Corrupt, "{} bytes are missing at its end", length);
    hash.add(buffer.data(), static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
    length -= static_cast<std::uint64_t>(n);
    if (chunk % kChunksBetweenLooks == 0 && deadline.passed())
      return fail(Code::Timeout, "the deadline passed while files were hashed");
  }
  return hash.hex();
}

}  // namespace cutline::store
