// The append-only file: each transfer that was applied, in the order in which it was, as records of 32 bytes with a
// checksum.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "e2e/workloads/ledger/account.hpp"

namespace cutline::ledger {

enum class Direction : std::uint8_t { Sent = 1, Received = 2 };

struct Record {
  Direction direction = Direction::Sent;
  Index peer = 0;
  std::uint64_t session = 0;  // its lowest 16 bits
  std::uint64_t number = 0;
  std::uint64_t amount = 0;
  std::int64_t balance = 0;  // afterwards
};
inline constexpr std::size_t record_size = 32;
inline constexpr std::uint64_t session_mask = 0xffffU;

void append(std::string& out, const Record& record);
[[nodiscard]] std::optional<Record> parse_record(std::string_view bytes);

// What a book says, read from its beginning.
struct Contents {
  std::uint64_t records = 0;
  std::uint64_t damaged = 0;    // records whose checksum is wrong
  std::uint64_t unchained = 0;  // records whose balance does not follow from the one before
  std::uint64_t skipped = 0;    // numbers that are missing or repeated within a session
  std::int64_t balance = 0;
  struct Sums {
    std::uint64_t session = 0;
    Stream sent, received;
  };
  std::map<Index, Sums> peers;
};
void add(Contents& contents, std::string_view records);

class Book {
 public:
  // Opens or creates it, and cuts off a last record that was not written whole.
  [[nodiscard]] static Result<Book> open(const std::string& path);
  void note(const Record& record) { append(unwritten_, record); }
  // One write(2) for all that was noted.
  [[nodiscard]] Status flush();
  // All of it, from the disk. `initial`: the balance before the first record.
  [[nodiscard]] Result<Contents> read(std::int64_t initial) const;
  // The bytes of so many whole records from the given one on, from the disk; fewer at the end.
  [[nodiscard]] Result<std::string> slice(std::uint64_t first, std::size_t records) const;

 private:
  Book(std::string path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  Fd file_;
  std::string unwritten_;
};

// The account that a book leads to: for an application that starts again on the files of an earlier life.
[[nodiscard]] Account account_of(const Contents& contents, std::int64_t initial);

}  // namespace cutline::ledger
