#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <cerrno>

#include "base/overloaded.hpp"

namespace cutline {
namespace {

TEST(AnError, SeenFromFurtherOutKeepsItsCodeAndSaysWhere) {
  const Error inner{Code::Corrupt, "digest differs"};
  const auto outer = inner.in("pages-1.img").in("pod ledger-0");
  EXPECT_EQ(outer.code, Code::Corrupt);
  EXPECT_EQ(outer.message, "pod ledger-0: pages-1.img: digest differs");
}

TEST(AnError, IsForwardedIntoAResultOfAnotherType) {
  const Result<int> failed = fail(Code::NotFound, "no such {}", "file");
  const Result<std::string> forwarded = forward(failed, "open");
  EXPECT_EQ(forwarded.error().code, Code::NotFound);
  EXPECT_EQ(forwarded.error().message, "open: no such file");
}

struct Errno {
  int number;
  Code code;
};
struct ErrnoOf : testing::TestWithParam<Errno> {};
INSTANTIATE_TEST_SUITE_P(Numbers, ErrnoOf,
                         testing::Values(Errno{ENOENT, Code::NotFound}, Errno{ESRCH, Code::NotFound},
                                         Errno{EEXIST, Code::Conflict}, Errno{EBUSY, Code::Busy},
                                         Errno{ETIMEDOUT, Code::Timeout}, Errno{ECONNREFUSED, Code::Unavailable},
                                         Errno{EPIPE, Code::Unavailable}, Errno{ENOSPC, Code::Exhausted},
                                         Errno{ENOMEM, Code::Exhausted}, Errno{EMFILE, Code::Exhausted},
                                         Errno{EPERM, Code::Unsupported}, Errno{ENOSYS, Code::Unsupported},
                                         Errno{EIO, Code::Internal}),
                         [](const auto& errno_case) { return std::to_string(errno_case.param.number); });

TEST_P(ErrnoOf, TellsTheCallerWhatToDo) {
  const Status failed = fail_errno(GetParam().number, "write /disk/file");
  EXPECT_EQ(failed.error().code, GetParam().code);
  EXPECT_TRUE(failed.error().message.starts_with("write /disk/file: ")) << failed.error().message;
}

TEST(ACode, HasANameThatFitsAConditionsReason) {
  for (const auto code : {Code::Invalid, Code::NotFound, Code::Conflict, Code::Unsupported, Code::Busy, Code::Timeout,
                          Code::Unavailable, Code::Corrupt, Code::Exhausted, Code::Internal}) {
    const std::string text = name(code);
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(text.front())) != 0) << text;
    EXPECT_TRUE(std::ranges::all_of(text, [](unsigned char c) { return std::isalpha(c) != 0; })) << text;
  }
}

TEST(AVariant, IsVisitedByTheLambdaOfItsAlternative) {
  const std::variant<int, std::string> value = "text";
  EXPECT_EQ(
      std::visit(overloaded{[](int) { return 1; }, [](const std::string& s) { return static_cast<int>(s.size()); }},
                 value),
      4);
}

}  // namespace
}  // namespace cutline
