// Messages of Protocol Buffers, as much as rewriting one field of an image needs: read into fields, written again with
// all others as they were. https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cutline::criu {

struct Field {
  std::uint32_t id = 0;
  std::uint32_t type = 0;  // 0: value; 1, 5: bytes, of 8 and 4; 2: bytes
  std::uint64_t value = 0;
  std::string_view bytes;  // borrowed from the message that was read
};

// Corrupt: no message.
[[nodiscard]] Result<std::vector<Field>> read_message(std::string_view message);
[[nodiscard]] std::string write_message(const std::vector<Field>& fields);

// The last of that id; a value alone.
[[nodiscard]] const Field* find_field(const std::vector<Field>& fields, std::uint32_t id);
// All of that id, packed or not.
[[nodiscard]] Result<std::vector<std::uint64_t>> values_of(const std::vector<Field>& fields, std::uint32_t id);

}  // namespace cutline::criu
