#include "tests/integration/pod/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sstream>

namespace cutline::test {

Output::Output(Fd read_end) : pipe_(std::move(read_end)) { (void)::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK); }

const std::string& Output::text() {
  char part[65536];
  for (;;) {
    const auto n = ::read(pipe_.get(), part, sizeof part);
    if (n <= 0) return text_;
    text_.append(part, static_cast<std::size_t>(n));
  }
}

Status Output::wait(const std::function<bool(const std::string&)>& holds, Deadline deadline) {
  while (!holds(text())) {
    if (deadline.passed()) {
      const auto& all = text_;
      return fail(Code::Timeout, "the container's output ends with '{}'",
                  all.substr(all.size() - std::min<std::size_t>(all.size(), 300)));
    }
    pollfd ready{pipe_.get(), POLLIN, 0};
    const auto patience = std::min(deadline.left(), Millis{50});
    if (::poll(&ready, 1, static_cast<int>(patience.count())) > 0 && (ready.revents & POLLIN) == 0)
      (void)::poll(nullptr, 0, 1);
  }
  return {};
}

std::vector<long> numbers_of(const std::string& text, const std::string& word) {
  std::vector<long> out;
  std::istringstream lines{text.substr(0, text.rfind('\n') + 1)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(word + " ")) out.push_back(std::stol(line.substr(word.size() + 1)));
  }
  return out;
}

}  // namespace cutline::test
