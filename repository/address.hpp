// How restic is told where a repository is. Pure.
#pragma once

#include "protocol/messages.hpp"

namespace cutline::repository {

[[nodiscard]] inline bool is_rest(const protocol::Repository& repository) {
  return repository.url.starts_with("rest:");
}

// For the environment of restic alone: 0.14 takes a REST server's user and password within the address only. Where
// restic says the address, it masks them.
[[nodiscard]] std::string address(const protocol::Repository& repository);

}  // namespace cutline::repository
