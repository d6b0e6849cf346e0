#include "e2e/workloads/etcd/connection.hpp"

#include <nlohmann/json.hpp>
#include <thread>

#include "e2e/workloads/writer/value.hpp"
#include "e2e/workloads/writer/wire.hpp"
#include "operator/webhook/base64.hpp"

namespace cutline::etcd {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using op::base64;
using writer::Contents;

constexpr int most_tries = 200, http_ok = 200, http_bad = 500;
constexpr auto before_another = 100ms;
constexpr int keys_at_once = 500;
constexpr char separator = '/';
constexpr std::string_view first_key = "w/", beyond_last = "w0";

class EtcdConnection final : public writer::Connection {
 public:
  explicit EtcdConnection(writer::Wire wire) : wire_(std::move(wire)) {}

  // That it has a leader.
  Status prepare() override {
    const auto answer = ask("/v3/kv/range", {{"key", base64(first_key)}});
    if (!answer) return tl::unexpected(answer.error());
    return {};
  }

  Status write(const writer::Write& write) override {
    const auto key = base64(writer::key_of(write, separator));
    const json transaction{
        {"compare", {{{"key", key}, {"target", "CREATE"}, {"result", "EQUAL"}, {"create_revision", "0"}}}},
        {"success", {{{"request_put", {{"key", key}, {"value", base64(write.value)}}}}}}};
    const auto body = transaction.dump();
    std::string last;
    for (int tries = 0; tries < most_tries; ++tries) {
      const auto answer = writer::post(wire_, "/v3/kv/txn", body);
      if (!answer) return tl::unexpected(answer.error());
      if (answer->status == http_ok) {
        const auto outcome = json::parse(answer->body, nullptr, false);
        const bool made = outcome.is_object() && outcome.value("succeeded", false);
        // Not made at the first try: it was there before it was written.
        if (!made && tries == 0)
          return fail(Code::Conflict, "{} was there: {}", writer::key_of(write, '/'), answer->body);
        return {};
      }
      if (answer->status < http_bad) return fail(Code::Invalid, "{}: {}", answer->status, answer->body);
      last = answer->body;
      ++repeats_;
      std::this_thread::sleep_for(before_another);
    }
    return fail(Code::Unavailable, "after {} tries: {}", most_tries, last);
  }

  // The revision, and the hash of all keys and revisions up to it.
  Result<std::string> position() override {
    const auto hash = ask("/v3/maintenance/hash", json::object());
    if (!hash) return tl::unexpected(hash.error());
    const auto header = hash->value("header", json::object());
    if (!hash->contains("hash") || !header.contains("revision"))
      return fail(Code::Internal, "not a hash of keys: {}", hash->dump());
    return fmt::format("revision {}, hash {:08x}", header["revision"].get<std::string>(),
                       (*hash)["hash"].get<std::uint64_t>());
  }

  Result<Contents> read() override {
    Contents out;
    const auto status = ask("/v3/maintenance/status", json::object());
    if (!status) return tl::unexpected(status.error());
    out.note = fmt::format("leader {}, term {}", status->value("leader", "none"), status->value("raftTerm", ""));
    if (status->value("leader", "0") == "0") out.complaints.emplace_back("it knows no leader");
    if (status->contains("errors")) out.complaints.push_back((*status)["errors"].dump());
    for (std::string from{first_key};;) {
      const auto page = ask("/v3/kv/range", {{"key", base64(from)},
                                             {"range_end", base64(beyond_last)},
                                             {"serializable", true},  // what this member has, whatever others have
                                             {"limit", keys_at_once}});
      if (!page) return tl::unexpected(page.error());
      const auto pairs = page->value("kvs", json::array());
      for (const auto& pair : pairs)
        if (auto taken = take(pair, from, out); !taken) return tl::unexpected(taken.error());
      if (!page->value("more", false) || pairs.empty()) return out;
      from += '\0';
    }
  }

  [[nodiscard]] std::uint64_t repeats() const override { return repeats_; }

 private:
  Result<json> ask(std::string_view path, const json& question) {
    const auto answer = writer::post(wire_, path, question.dump());
    if (!answer) return tl::unexpected(answer.error());
    auto body = json::parse(answer->body, nullptr, false);
    if (answer->status != http_ok || !body.is_object())
      return fail(Code::Unavailable, "{}: {} {}", path, answer->status, answer->body.substr(0, 300));
    return body;
  }

  // A key that was put more than once counts as often.
  static Status take(const json& pair, std::string& key, Contents& out) {
    auto name = op::from_base64(pair.value("key", ""));
    auto value = op::from_base64(pair.value("value", ""));
    if (!name || !value) return fail(Code::Internal, "not a key and its value: {}", pair.dump());
    key = *name;
    const auto write = writer::from_key(key, separator, std::move(*value));
    if (!write) {
      out.complaints.push_back("an unknown key: " + key);
      return {};
    }
    const auto versions = std::stoull(pair.value("version", "1"));
    out.writes.insert(out.writes.end(), std::min<std::size_t>(versions, 10), *write);
    return {};
  }

  writer::Wire wire_;
  std::uint64_t repeats_ = 0;
};

}  // namespace

Result<std::unique_ptr<writer::Connection>> connect(const writer::Endpoint& server, Deadline deadline) {
  auto wire = writer::Wire::connect(server, deadline);
  if (!wire) return tl::unexpected(wire.error());
  return std::make_unique<EtcdConnection>(std::move(*wire));
}

}  // namespace cutline::etcd
