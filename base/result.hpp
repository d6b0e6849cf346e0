// Results: every operation that can fail returns Result<T>; nothing here throws across a room's border.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace cutline {

// What the CALLER should do about it.
enum class Code {
  Invalid,      // the input is wrong: tell the user, do not repeat
  NotFound,     // it is not there
  Conflict,     // somebody was faster: read again, then decide again
  Unsupported,  // this machine, kernel or object cannot: tell the user, do not repeat
  Busy,         // occupied by another round: wait, then repeat
  Timeout,      // the deadline passed: nothing is known about the effect
  Unavailable,  // the other side cannot be reached or is overloaded: repeat with back-off
  Corrupt,      // stored data does not verify: never use it
  Exhausted,    // no space, no memory, no descriptors: free some, then repeat
  Internal,     // a bug or an unexpected answer of the system
};

[[nodiscard]] constexpr const char* name(Code code) {
  switch (code) {
    case Code::Invalid:
      return "Invalid";
    case Code::NotFound:
      return "NotFound";
    case Code::Conflict:
      return "Conflict";
    case Code::Unsupported:
      return "Unsupported";
    case Code::Busy:
      return "Busy";
    case Code::Timeout:
      return "Timeout";
    case Code::Unavailable:
      return "Unavailable";
    case Code::Corrupt:
      return "Corrupt";
    case Code::Exhausted:
      return "Exhausted";
    case Code::Internal:
      return "Internal";
  }
  return "Internal";
}

// `code` tells the caller what to do; `message` tells a person which step failed on which thing, and the remedy if
// there is one.
struct Error {
  Code code = Code::Internal;
  std::string message;

  // The same error, seen from one step further out: "dump ledger-0: open /x: no such file".
  [[nodiscard]] Error in(std::string_view context) const { return {code, fmt::format("{}: {}", context, message)}; }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// The error of a system call that has just failed: errno mapped to a code, `what` names call and object.
[[nodiscard]] tl::unexpected<Error> fail_errno(int error, std::string_view what);

template <class T>
[[nodiscard]] tl::unexpected<Error> forward(const Result<T>& failed, std::string_view context) {
  return tl::unexpected(failed.error().in(context));
}

}  // namespace cutline
