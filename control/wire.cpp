#include "control/wire.hpp"

#include <nlohmann/json.hpp>

#include "control/json_view.hpp"

namespace cutline::control {
namespace {

using namespace protocol;

// ---- what a message consists of: said once, for both directions -----------------------------------------------------
template <class M, class T>
concept Is = std::same_as<std::remove_const_t<M>, T>;

// Objects.
void members(auto& io, Is<Volume> auto& m) { io("container", m.container), io("path", m.path); }
void members(auto& io, Is<SaveOptions> auto& m) { io("gate", m.gate), io("volumes", m.volumes); }
void members(auto& io, Is<Timings> auto& m) {
  io("frozen", m.frozen), io("dump", m.dump), io("gated", m.gated), io("restore", m.restore);
}
void members(auto& io, Is<LocalCheckpoint> auto& m) {
  io("epoch", m.epoch), io("index", m.index), io("digest", m.digest), io("bytes", m.bytes), io("counters", m.counters);
  io("timings", m.timings), io("gate", m.gate), io("parent", m.parent), io("closed", m.closed), io("flows", m.flows);
  io("observed", m.observed);
}
void members(auto& io, Is<Independent> auto& m) {
  io("intervalMs", m.interval), io("jitterMs", m.jitter), io("holdMs", m.hold), io("options", m.options);
}
void members(auto& io, Is<Finding> auto& m) {
  io("fatal", m.fatal), io("container", m.container), io("process", m.process), io("object", m.object),
      io("remedy", m.remedy);
}
void members(auto& io, Is<Repository> auto& m) {
  io("url", m.url), io("password", m.password), io("accessKey", m.access_key), io("secretKey", m.secret_key),
      io("region", m.region);
  io("authority", m.authority), io("limit", m.limit);
}
void members(auto& io, Is<Error> auto& m) { io("code", m.code), io("message", m.message); }

// Rows: there may be thousands.
void row(auto& io, Is<Connection> auto& m) { io(m.local.address, m.local.port, m.remote.address, m.remote.port); }
void row(auto& io, Is<Shift> auto& m) {
  io(m.connection.local.address, m.connection.local.port, m.connection.remote.address, m.connection.remote.port, m.sent,
     m.received, m.remote.address, m.remote.port);
}
void row(auto& io, Is<Readdress> auto& m) { io(m.from, m.to); }
void row(auto& io, Is<Counters> auto& m) {
  io(m.local.address, m.local.port, m.remote.address, m.remote.port, m.acked, m.sent, m.received);
}
void row(auto& io, Is<Flow> auto& m) { io(m.local, m.remote, m.sent, m.received); }
void row(auto& io, Is<Failure> auto& m) { io(m.container, m.how); }

// Commands; those without members have no line.
void members(auto& io, Is<Request> auto& m) { io("epoch", m.epoch), io("holdMs", m.hold), io("options", m.options); }
void members(auto& io, Is<Prepare> auto& m) {
  io("epoch", m.epoch), io("checkpoint", m.checkpoint), io("digest", m.digest), io("holdMs", m.hold),
      io("external", m.external);
}
void members(auto& io, Is<Restore> auto& m) {
  io("epoch", m.epoch), io("shifts", m.shifts), io("addresses", m.addresses);
}
void members(auto& io, Is<Forget> auto& m) { io("checkpoint", m.checkpoint); }
void members(auto& io, Is<Recall> auto& m) { io("last", m.last); }
void members(auto& io, Is<Sever> auto& m) { io("epoch", m.epoch), io("connections", m.connections); }
void members(auto& io, Is<Configure> auto& m) { io("independent", m.independent), io("graceMs", m.grace); }
void members(auto& io, Is<Upload> auto& m) {
  io("checkpoint", m.checkpoint), io("digest", m.digest), io("namespace", m.ns), io("repository", m.repository);
}
void members(auto& io, Is<Fetch> auto& m) {
  io("checkpoint", m.checkpoint), io("digest", m.digest), io("snapshot", m.id), io("repository", m.repository);
}
void members(auto& io, Is<Hook> auto& m) {
  io("container", m.container), io("command", m.command), io("timeoutMs", m.timeout), io("mayFail", m.may_fail);
}
void members(auto& io, Is<RunHooks> auto& m) { io("key", m.key), io("hooks", m.hooks); }
void members(auto& io, Is<Precopy> auto& m) { io("key", m.key), io("volumes", m.volumes); }

// Replies.
void members(auto& io, Is<Acked> auto& m) { io("epoch", m.epoch), io("checkpoint", m.checkpoint); }
void members(auto& io, Is<Opened> auto& m) { io("epoch", m.epoch), io("gatedUs", m.gated), io("digest", m.digest); }
void members(auto& io, Is<Stopped> auto& m) { io("epoch", m.epoch), io("shifts", m.shifts); }
void members(auto& io, Is<Restored> auto& m) {
  io("epoch", m.epoch), io("timings", m.timings), io("written", m.written);
}
void members(auto& io, Is<Forgotten> auto& m) { io("checkpoint", m.checkpoint); }
void members(auto& io, Is<Findings> auto& m) { io("findings", m.findings); }
void members(auto& io, Is<Renamed> auto& m) {
  io("index", m.index), io("addresses", m.addresses), io("remotes", m.remotes);
}
void members(auto& io, Is<History> auto& m) {
  io("checkpoints", m.checkpoints), io("present", m.present);
  io.if_told("renamed", m.renamed);
}
void members(auto& io, Is<Probed> auto& m) { io("failures", m.failures); }
template <class M>
concept Progress = Is<M, Uploading> || Is<M, Fetching>;
void members(auto& io, Progress auto& m) {
  io("checkpoint", m.checkpoint), io("done", m.done), io("total", m.total), io("trouble", m.trouble);
}
void members(auto& io, Is<Uploaded> auto& m) {
  io("checkpoint", m.checkpoint), io("snapshot", m.id), io("bytes", m.bytes), io("added", m.added);
}
void members(auto& io, Is<Fetched> auto& m) { io("checkpoint", m.checkpoint); }
void members(auto& io, Is<HookOutcome> auto& m) {
  io("hook", m.hook), io("ran", m.ran), io("failure", m.failure), io("said", m.said), io("tookUs", m.took);
}
void members(auto& io, Is<HooksRun> auto& m) { io("key", m.key), io("outcomes", m.outcomes); }
void members(auto& io, Is<Precopied> auto& m) { io("key", m.key), io("copied", m.copied); }
void members(auto& io, Is<Refused> auto& m) { io("epoch", m.epoch), io("code", m.why.code), io("why", m.why.message); }

template <class M>
concept OnlyEpoch = Is<M, Done> || Is<M, Abort> || Is<M, Stop> || Is<M, Release> || Is<M, Prepared> || Is<M, Severed>;
void members(auto& io, OnlyEpoch auto& m) { io("epoch", m.epoch); }

template <class M>
concept OnlyKey = Is<M, HooksRunning> || Is<M, Precopying>;
void members(auto& io, OnlyKey auto& m) { io("key", m.key); }

template <class M>
concept Empty = Is<M, Preflight> || Is<M, Probe> || Is<M, Configured>;
void members(auto&, Empty auto&) {}

// By the variants' order.
template <class V>
constexpr std::array<std::string_view, 0> kTypes;
template <>
constexpr std::array kTypes<Command> = std::to_array<std::string_view>(
    {"request", "done", "abort", "prepare", "stop", "restore", "release", "forget", "preflight", "recall", "probe",
     "sever", "configure", "upload", "fetch", "run-hooks", "precopy"});
template <>
constexpr std::array kTypes<Reply> = std::to_array<std::string_view>(
    {"acked",   "opened",        "prepared",  "stopped",    "restored",  "forgotten", "findings",
     "history", "probed",        "severed",   "configured", "uploading", "uploaded",  "fetching",
     "fetched", "hooks-running", "hooks-run", "precopying", "precopied", "refused"});

constexpr std::pair<GateKind, const char*> kGates[] = {
    {GateKind::Queue, "Queue"}, {GateKind::Drop, "Drop"}, {GateKind::Open, "Open"}};
constexpr Code kCodes[] = {Code::Invalid, Code::NotFound,    Code::Conflict, Code::Unsupported, Code::Busy,
                           Code::Timeout, Code::Unavailable, Code::Corrupt,  Code::Exhausted,   Code::Internal};

// ---- out ------------------------------------------------------------------------------------------------------------
class Out {
 public:
  template <class T>
  void operator()(const char* key, const T& value) {
    text_ += first_ ? "\"" : ",\"";
    text_ += key;
    text_ += "\":";
    put(value);
    first_ = false;
  }
  template <class... T>
    requires(sizeof...(T) > 1 && (!std::is_array_v<T> && ...))
  void operator()(const T&... cells) {
    ((put(cells), text_ += ','), ...);
    text_.pop_back();
  }

  template <class T>
  void if_told(const char* key, const T& value) {
    (*this)(key, value);
  }

  template <class V>
  [[nodiscard]] std::string frame(std::uint64_t id, const V& message) {
    text_.reserve(512);
    text_ += '{';
    (*this)("id", id);
    (*this)("type", kTypes<V>[message.index()]);
    std::visit([this](const auto& m) { members(*this, m); }, message);
    return std::move(text_ += '}');
  }

 private:
  template <class T>
  void put(const T& v) {
    if constexpr (requires { members(*this, v); }) {
      text_ += '{';
      first_ = true;
      members(*this, v);
      text_ += '}';
    } else if constexpr (requires { row(*this, v); }) {
      text_ += '[';
      row(*this, v);
      text_ += ']';
    } else if constexpr (std::is_enum_v<T>) {
      put(static_cast<std::uint64_t>(v));
    } else {
      fmt::format_to(std::back_inserter(text_), "{}", v);
    }
  }
  void put(GateKind kind) {
    put(std::string_view{std::ranges::find(kGates, kind, &std::pair<GateKind, const char*>::first)->second});
  }
  void put(Code code) { put(std::string_view{name(code)}); }
  void put(const std::string& text) { put(std::string_view{text}); }
  void put(std::string_view text) {
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (std::ranges::all_of(text, plain))
      (text_ += '"').append(text) += '"';
    else
      text_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  template <class R, class P>
  void put(std::chrono::duration<R, P> duration) {
    put(duration.count());
  }
  template <class T>
  void put(const std::optional<T>& value) {
    if (value)
      put(*value);
    else
      text_ += "null";
  }
  template <class T>
  void put(const std::vector<T>& list) {
    text_ += '[';
    for (const auto& item : list) put(item), text_ += ',';
    if (!list.empty()) text_.pop_back();
    text_ += ']';
  }

  std::string text_;
  bool first_ = true;
};

// ---- in -------------------------------------------------------------------------------------------------------------
class In {
 public:
  explicit In(JsonView json) : json_(json) {}

  template <class T>
  void operator()(const char* key, T& value) {
    get(json_[key], value);
  }
  template <class... T>
    requires(sizeof...(T) > 1 && (!std::is_array_v<std::remove_reference_t<T>> && ...))
  void operator()(T&... cells) {
    const auto row = json_.items();
    if (row.size() < sizeof...(T)) throw std::invalid_argument("a row is too short");
    std::size_t at = 0;
    (get(row[at++], cells), ...);
  }

  template <class T>  // a sidecar of before has no such member
  void if_told(const char* key, T& value) {
    if (const auto told = json_.find(key)) get(*told, value);
  }

  template <class V>
  [[nodiscard]] V message() {
    const auto type = json_["type"].text();
    const auto index = static_cast<std::size_t>(std::ranges::find(kTypes<V>, type) - kTypes<V>.begin());
    V out;
    const bool known = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return ((I == index ? (members(*this, out.template emplace<I>()), true) : false) || ...);
    }(std::make_index_sequence<std::variant_size_v<V>>{});
    if (!known) throw std::invalid_argument("unknown type " + type);
    return out;
  }

 private:
  template <class T>
  static void get(JsonView json, T& v) {
    In inner{json};
    if constexpr (requires { members(inner, v); })
      members(inner, v);
    else if constexpr (requires { row(inner, v); })
      row(inner, v);
    else if constexpr (std::is_enum_v<T>)
      v = T{json.number<std::uint64_t>()};
    else
      v = json.number<T>();
  }
  static void get(JsonView json, bool& v) { v = json.truth(); }
  static void get(JsonView json, std::string& v) { v = json.text(); }
  static void get(JsonView json, GateKind& kind) {
    const auto text = json.text();
    const auto* found = std::ranges::find(kGates, text, &std::pair<GateKind, const char*>::second);
    if (found == std::end(kGates)) throw std::invalid_argument("unknown gate " + text);
    kind = found->first;
  }
  static void get(JsonView json, Code& code) {
    const auto* found = std::ranges::find(kCodes, json.text(), [](Code c) { return name(c); });
    code = found == std::end(kCodes) ? Code::Internal : *found;  // of a newer version
  }
  template <class R, class P>
  static void get(JsonView json, std::chrono::duration<R, P>& v) {
    v = std::chrono::duration<R, P>{json.number<R>()};
  }
  template <class T>
  static void get(JsonView json, std::optional<T>& v) {
    if (json.null())
      v.reset();
    else
      get(json, v.emplace());
  }
  template <class T>
  static void get(JsonView json, std::vector<T>& list) {
    for (const auto& item : json.items()) get(item, list.emplace_back());
  }

  JsonView json_;
};

template <class Frame, class Message>
Result<Frame> decode(std::string_view text) {
  static_assert(kTypes<Message>.size() == std::variant_size_v<Message>);
  try {
    const JsonText json{text};
    return Frame{json.root()["id"].number<std::uint64_t>(), In{json.root()}.message<Message>()};
  } catch (const std::exception& e) {
    return fail(Code::Invalid, "malformed message: {}", e.what());
  }
}

}  // namespace

std::string encode(const CommandFrame& frame) { return Out{}.frame(frame.id, frame.command); }
std::string encode(const ReplyFrame& frame) { return Out{}.frame(frame.id, frame.reply); }
Result<CommandFrame> decode_command(std::string_view text) { return decode<CommandFrame, Command>(text); }
Result<ReplyFrame> decode_reply(std::string_view text) { return decode<ReplyFrame, Reply>(text); }

}  // namespace cutline::control
