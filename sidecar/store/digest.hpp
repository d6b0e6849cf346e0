// SHA-256, by OpenSSL (which uses the processor's own instructions where there are).
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"

namespace cutline::store {

[[nodiscard]] std::string sha256(std::string_view data);  // hex

// Of `length` bytes of the file from `offset`. Corrupt: it is shorter.
[[nodiscard]] Result<std::string> sha256_of(int fd, std::uint64_t offset, std::uint64_t length, Deadline deadline);

}  // namespace cutline::store
