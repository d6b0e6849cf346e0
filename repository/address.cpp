#include "repository/address.hpp"

#include <fmt/format.h>

namespace cutline::repository {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    out += plain ? std::string{c} : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::string address(const protocol::Repository& repository) {
  const auto host = repository.url.find("://");
  if (!is_rest(repository) || repository.access_key.empty() || host == std::string::npos) return repository.url;
  auto out = repository.url;
  return out.insert(host + 3, escaped(repository.access_key) + ':' + escaped(repository.secret_key) + '@');
}

}  // namespace cutline::repository
