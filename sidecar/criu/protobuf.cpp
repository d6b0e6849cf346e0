#include "sidecar/criu/protobuf.hpp"

#include <optional>

namespace cutline::criu {
namespace {

enum Type : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::optional<std::uint64_t> take_varint(std::string_view& rest) {
  std::uint64_t out = 0;
  for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    out |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return out;
  }
  return std::nullopt;
}

std::optional<std::string_view> take(std::string_view& rest, std::uint64_t size) {
  if (size > rest.size()) return std::nullopt;
  const auto out = rest.substr(0, size);
  rest.remove_prefix(size);
  return out;
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) out.push_back(static_cast<char>((value & 0x7fU) | 0x80U));
  out.push_back(static_cast<char>(value));
}

// false: there is no such field.
bool take_content(Field& field, std::string_view& rest) {
  if (field.type == kVarint) {
    const auto value = take_varint(rest);
    field.value = value.value_or(0);
    return value.has_value();
  }
  std::optional<std::uint64_t> size;
  if (field.type == kFixed64) size = 8;
  if (field.type == kFixed32) size = 4;
  if (field.type == kBytes) size = take_varint(rest);
  const auto bytes = size ? take(rest, *size) : std::nullopt;
  field.bytes = bytes.value_or("");
  return bytes.has_value();
}

}  // namespace

Result<std::vector<Field>> read_message(std::string_view message) {
  std::vector<Field> out;
  while (!message.empty()) {
    const auto key = take_varint(message);
    if (!key) return fail(Code::Corrupt, "a message ends within a field");
    Field field{static_cast<std::uint32_t>(*key >> 3U), static_cast<std::uint32_t>(*key & 7U), 0, {}};
    if (!take_content(field, message)) return fail(Code::Corrupt, "field {} of a message has no content", field.id);
    out.push_back(field);
  }
  return out;
}

std::string write_message(const std::vector<Field>& fields) {
  std::string out;
  for (const auto& field : fields) {
    put_varint(out, std::uint64_t{field.id} << 3U | field.type);
    if (field.type == kVarint) put_varint(out, field.value);
    if (field.type == kBytes) put_varint(out, field.bytes.size());
    out += field.bytes;
  }
  return out;
}

const Field* find_field(const std::vector<Field>& fields, std::uint32_t id) {
  const Field* out = nullptr;
  for (const auto& field : fields)
    if (field.id == id) out = &field;
  return out;
}

Result<std::vector<std::uint64_t>> values_of(const std::vector<Field>& fields, std::uint32_t id) {
  std::vector<std::uint64_t> out;
  for (const auto& field : fields) {
    if (field.id != id) continue;
    if (field.type == kVarint) out.push_back(field.value);
    for (auto packed = field.type == kBytes ? field.bytes : std::string_view{}; !packed.empty();) {
      const auto value = take_varint(packed);
      if (!value) return fail(Code::Corrupt, "field {} of a message ends within a value", id);
      out.push_back(*value);
    }
  }
  return out;
}

}  // namespace cutline::criu
