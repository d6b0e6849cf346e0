#include "e2e/workloads/ledger/book.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "e2e/workloads/ledger/frame.hpp"

namespace cutline::ledger {
namespace {

constexpr std::uint64_t check_mask = 0xffffffffU;

std::uint64_t head_of(const Record& r) {
  return static_cast<std::uint64_t>(r.direction) << 24U | (static_cast<std::uint64_t>(r.peer) & 0xffU) << 16U |
         (r.session & session_mask);
}

}  // namespace

void append(std::string& out, const Record& r) {
  const std::uint64_t head = head_of(r);
  const auto check = checksum(head ^ r.number, r.amount, static_cast<std::uint64_t>(r.balance)) & check_mask;
  const std::array<std::uint64_t, 4> words{check << 32U | head, r.number, r.amount,
                                           static_cast<std::uint64_t>(r.balance)};
  out.append(reinterpret_cast<const char*>(words.data()), record_size);
}

std::optional<Record> parse_record(std::string_view bytes) {
  std::array<std::uint64_t, 4> words{};
  if (bytes.size() != record_size) return std::nullopt;
  std::memcpy(words.data(), bytes.data(), record_size);
  const auto [first, number, amount, balance] = words;
  const auto head = first & check_mask;
  const auto direction = head >> 24U;
  if (first >> 32U != (checksum(head ^ number, amount, balance) & check_mask) || direction < 1 || direction > 2)
    return std::nullopt;
  return Record{
      static_cast<Direction>(direction), static_cast<Index>(head >> 16U & 0xffU), head & session_mask, number, amount,
      static_cast<std::int64_t>(balance)};
}

void add(Contents& contents, std::string_view records) {
  for (; records.size() >= record_size; records.remove_prefix(record_size)) {
    contents.records += 1;
    const auto record = parse_record(records.substr(0, record_size));
    if (!record) {
      contents.damaged += 1;
      continue;
    }
    const auto amount = static_cast<std::int64_t>(record->amount);
    const bool sent = record->direction == Direction::Sent;
    if (record->balance != contents.balance + (sent ? -amount : amount)) contents.unchained += 1;
    contents.balance = record->balance;
    auto& peer = contents.peers[record->peer];
    if (record->session != peer.session) {
      peer.session = record->session;
      peer.sent.next = peer.received.next = 1;
    }
    auto& stream = sent ? peer.sent : peer.received;
    if (record->number != stream.next) contents.skipped += 1;
    stream.next = record->number + 1;
    stream.count += 1;
    stream.sum += record->amount;
  }
}

Result<Book> Book::open(const std::string& path) {
  auto file = open_file(path, O_RDWR | O_CREAT | O_APPEND, 0600);
  if (!file) return tl::unexpected(file.error());
  struct stat status{};
  if (::fstat(file->get(), &status) != 0) return fail_errno(errno, "stat " + path);
  const auto whole = status.st_size / static_cast<off_t>(record_size) * static_cast<off_t>(record_size);
  if (whole != status.st_size && ::ftruncate(file->get(), whole) != 0) return fail_errno(errno, "truncate " + path);
  return Book{path, std::move(*file)};
}

Status Book::flush() {
  if (unwritten_.empty()) return {};
  const auto written = write_all(file_.get(), unwritten_);
  if (!written) return forward(written, path_);
  unwritten_.clear();
  return {};
}

Result<Contents> Book::read(std::int64_t initial) const {
  auto file = open_file(path_, O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  Contents contents;
  contents.balance = initial;
  std::string chunk(record_size * 8192, '\0');
  std::size_t filled = 0;
  for (;;) {
    const ssize_t n = ::read(file->get(), chunk.data() + filled, chunk.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read " + path_);
    filled += static_cast<std::size_t>(n);
    const auto whole = filled / record_size * record_size;
    add(contents, std::string_view{chunk.data(), whole});
    std::memmove(chunk.data(), chunk.data() + whole, filled - whole);
    filled -= whole;
    if (n == 0) break;
  }
  if (filled != 0) contents.damaged += 1;
  return contents;
}

Result<std::string> Book::slice(std::uint64_t first, std::size_t records) const {
  auto file = open_file(path_, O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  std::string out(records * record_size, '\0');
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t n = ::pread(file->get(), out.data() + filled, out.size() - filled,
                              static_cast<off_t>(first * record_size + filled));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read " + path_);
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  out.resize(filled / record_size * record_size);
  return out;
}

Account account_of(const Contents& contents, std::int64_t initial) {
  Account account{initial, contents.balance, {}};
  for (const auto& [index, sums] : contents.peers) {
    auto& peer = account.peers[index];
    peer.session = sums.session;
    peer.out = sums.sent;
    peer.in = sums.received;
    peer.acknowledged = peer.out.next - 1;  // as far as it knows; a session that goes on says it better
  }
  return account;
}

}  // namespace cutline::ledger
