#include "e2e/workloads/nats/connection.hpp"

#include <sys/random.h>

#include <nlohmann/json.hpp>

#include "e2e/workloads/writer/value.hpp"
#include "e2e/workloads/writer/wire.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::nats {
namespace {

using nlohmann::json;
using writer::Contents;

constexpr std::string_view stream = "writes";
constexpr char separator = '.';
constexpr std::uint64_t asked_at_once = 200;

class NatsConnection final : public writer::Connection {
 public:
  explicit NatsConnection(writer::Wire wire) : wire_(std::move(wire)) {}

  Status greet() {
    const auto info = wire_.line();
    if (!info) return tl::unexpected(info.error());
    if (!info->starts_with("INFO ")) return fail(Code::Internal, "not a NATS server: {}", *info);
    std::uint64_t id = 0;
    if (::getrandom(&id, sizeof id, 0) != sizeof id) return fail_errno(errno, "getrandom");
    inbox_ = fmt::format("_INBOX.{:016x}", id);
    return wire_.send(
        fmt::format("CONNECT "
                    "{{\"verbose\":false,\"pedantic\":false,\"name\":\"writer\",\"lang\":\"c++\",\"version\":\"1\"}}"
                    "\r\nSUB {} 1\r\n",
                    inbox_));
  }

  Status prepare() override {
    const json wanted{{"name", stream},    {"subjects", {"w.>"}}, {"retention", "limits"}, {"storage", "file"},
                      {"num_replicas", 1}, {"max_msgs", -1},      {"max_bytes", -1},       {"discard", "old"}};
    const auto made = ask(fmt::format("$JS.API.STREAM.CREATE.{}", stream), wanted.dump());
    if (!made) return tl::unexpected(made.error());
    return {};
  }

  Status write(const writer::Write& write) override {
    const auto acknowledged = ask(writer::key_of(write, separator), write.value);
    if (!acknowledged) return tl::unexpected(acknowledged.error());
    const auto place = acknowledged->value("seq", std::uint64_t{0});
    if (place <= last_place_) return fail(Code::Internal, "acknowledged at {}, after {}", place, last_place_);
    last_place_ = place;
    return {};
  }

  Result<std::string> position() override {
    const auto state = state_of_stream();
    if (!state) return tl::unexpected(state.error());
    return fmt::format("{} messages, last {}", state->value("messages", 0), state->value("last_seq", 0));
  }

  Result<Contents> read() override {
    const auto state = state_of_stream();
    if (!state) return tl::unexpected(state.error());
    Contents out;
    const auto first = state->value("first_seq", std::uint64_t{0}), last = state->value("last_seq", std::uint64_t{0});
    if (first != 1 || state->value("messages", std::uint64_t{0}) != last)
      out.complaints.push_back("the stream's numbers are not dense: " + state->dump());
    std::map<writer::Series, std::uint64_t> reached;
    for (std::uint64_t from = first; from <= last && last != 0; from += asked_at_once) {
      const auto to = std::min(last, from + asked_at_once - 1);
      std::string requests;
      for (auto place = from; place <= to; ++place)
        requests += publication(fmt::format("$JS.API.STREAM.MSG.GET.{}", stream), fmt::format("{{\"seq\":{}}}", place));
      if (auto sent = wire_.send(requests); !sent) return tl::unexpected(sent.error());
      std::map<std::uint64_t, writer::Write> page;
      for (auto place = from; place <= to; ++place)
        if (auto taken = take_message(page, out); !taken) return tl::unexpected(taken.error());
      for (auto& [place, write] : page) {
        if (write.number <= std::exchange(reached[write.series], write.number))
          out.complaints.push_back(
              fmt::format("{} at place {} is out of order", writer::key_of(write, separator), place));
        out.writes.push_back(std::move(write));
      }
    }
    return out;
  }

 private:
  [[nodiscard]] std::string publication(std::string_view subject, std::string_view payload) const {
    return fmt::format("PUB {} {} {}\r\n{}\r\n", subject, inbox_, payload.size(), payload);
  }

  Result<json> ask(std::string_view subject, std::string_view payload) {
    if (auto sent = wire_.send(publication(subject, payload)); !sent) return tl::unexpected(sent.error());
    return answer();
  }

  // The next message to our inbox. An error of JetStream is one here.
  Result<json> answer() {
    for (;;) {
      const auto line = wire_.line();
      if (!line) return tl::unexpected(line.error());
      if (*line == "PING") {
        if (auto sent = wire_.send("PONG\r\n"); !sent) return tl::unexpected(sent.error());
      } else if (line->starts_with("-ERR")) {
        return fail(Code::Internal, "{}", *line);
      } else if (line->starts_with("MSG ")) {
        const auto size = std::strtoull(line->c_str() + line->rfind(' '), nullptr, 10);
        auto payload = wire_.exactly(size + 2);
        if (!payload) return tl::unexpected(payload.error());
        auto out = json::parse(payload->substr(0, size), nullptr, false);
        if (!out.is_object() || out.contains("error")) return fail(Code::Internal, "{}", *payload);
        return out;
      }
    }
  }

  Result<json> state_of_stream() {
    const auto info = ask(fmt::format("$JS.API.STREAM.INFO.{}", stream), "");
    if (!info) return tl::unexpected(info.error());
    return info->value("state", json::object());
  }

  Status take_message(std::map<std::uint64_t, writer::Write>& page, Contents& out) {
    const auto said = answer();
    if (!said) {
      out.complaints.push_back("a message that the stream counts cannot be had: " + said.error().message);
      return said.error().code == Code::Internal ? Status{} : Status{tl::unexpected(said.error())};
    }
    const auto message = said->value("message", json::object());
    auto value = op::from_base64(message.value("data", ""));
    auto write = value ? writer::from_key(message.value("subject", ""), separator, std::move(*value)) : std::nullopt;
    if (write)
      page.emplace(message.value("seq", std::uint64_t{0}), std::move(*write));
    else
      out.complaints.push_back("an unknown message: " + message.dump());
    return {};
  }

  writer::Wire wire_;
  std::string inbox_;
  std::uint64_t last_place_ = 0;
};

}  // namespace

Result<std::unique_ptr<writer::Connection>> connect(const writer::Endpoint& server, Deadline deadline) {
  auto wire = writer::Wire::connect(server, deadline);
  if (!wire) return tl::unexpected(wire.error());
  auto out = std::make_unique<NatsConnection>(std::move(*wire));
  if (auto greeted = out->greet(); !greeted) return tl::unexpected(greeted.error());
  return out;
}

}  // namespace cutline::nats
