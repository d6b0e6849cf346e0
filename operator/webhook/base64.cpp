#include "operator/webhook/base64.hpp"

#include <openssl/evp.h>

namespace cutline::op {

std::string base64(std::string_view data) {
  std::string out(4 * ((data.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(data.data()), static_cast<int>(data.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<std::string> from_base64(std::string_view text) {
  std::string out(3 * (text.size() / 4) + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const auto padding = text.size() - std::min(text.find('='), text.size());  // which OpenSSL takes anywhere
  if (size < static_cast<int>(padding) || text.size() % 4 != 0 || padding > 2) return fail(Code::Invalid, "not base64");
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

}  // namespace cutline::op
