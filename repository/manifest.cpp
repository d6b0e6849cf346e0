#include "repository/manifest.hpp"

#include <sodium.h>

#include <nlohmann/json.hpp>

namespace cutline::repository {
namespace {

using Json = nlohmann::json;  // its objects are ordered by key

constexpr const char* kSchema = "cutline.dev/snapshot-manifest/1";
constexpr const char* kEnvelope = "cutline.dev/signed/1";

Json json_of(const Member& m) {
  return {{"pod", m.pod},
          {"uid", m.uid.value},
          {"node", m.node},
          {"addresses", m.addresses},
          {"checkpoint", value(m.index)},
          {"digest", m.digest},
          {"bytes", value(m.bytes)},
          {"stored", m.stored},
          {"counters", m.counters}};
}

Member member_of(const Json& json) {
  return {json.at("pod").get<std::string>(),
          PodUid{json.at("uid").get<std::string>()},
          json.at("node").get<std::string>(),
          json.at("addresses").get<std::vector<std::string>>(),
          CheckpointIndex{json.at("checkpoint").get<std::uint64_t>()},
          json.at("digest").get<std::string>(),
          Bytes{json.at("bytes").get<std::uint64_t>()},
          json.at("stored").get<std::string>(),
          json.at("counters").get<std::string>()};
}

Json json_of(const LeftOut& one) {
  auto out = json_of(one.last);
  out.update({{"epoch", value(one.epoch)}, {"snapshot", one.snapshot}, {"names", one.names}});
  return out;
}

Json json_of(const Connection& c) { return {{"pod", c.pod}, {"local", c.local}, {"remote", c.remote}}; }
Connection connection_of(const Json& c) {
  return {c.at("pod").get<std::string>(), c.at("local").get<std::string>(), c.at("remote").get<std::string>()};
}

// Only incremental snapshots have this part; those of before had none.
void add_composition(Json& to, const Manifest& m) {
  if (m.protocol != "Incremental") return;
  to["alone"] = m.alone;
  to["leftOut"] = to["close"] = Json::array();
  for (const auto& one : m.left_out) to["leftOut"].push_back(json_of(one));
  for (const auto& c : m.close) to["close"].push_back(json_of(c));
}

void read_composition(const Json& json, Manifest& to) {
  if (to.protocol != "Incremental") return;
  to.alone = json.value("alone", false);
  if (!json.contains("leftOut")) return;
  for (const auto& one : json.at("leftOut"))
    to.left_out.push_back({member_of(one), Epoch{one.at("epoch").get<std::uint64_t>()},
                           one.at("snapshot").get<std::string>(), one.at("names").get<std::string>()});
  for (const auto& c : json.at("close")) to.close.push_back(connection_of(c));
}

// Once, before anything else of the library; it does nothing the second time.
void start() {
  if (sodium_init() < 0) std::abort();  // no random numbers: nothing that is signed could be trusted
}

template <std::size_t N>
bool read_hex(std::string_view text, std::array<unsigned char, N>& out) {
  std::size_t length = 0;
  const char* end = nullptr;
  return sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &length, &end) == 0 && length == N &&
         end == text.data() + text.size();
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string to_json(const Manifest& m) {
  Json out = {{"schema", kSchema},    {"namespace", m.ns},        {"policy", m.policy},       {"snapshot", m.snapshot},
              {"uid", m.uid},         {"epoch", value(m.epoch)},  {"protocol", m.protocol},   {"versions", m.versions},
              {"created", m.created}, {"members", Json::array()}, {"external", Json::array()}};
  for (const auto& member : m.members) out["members"].push_back(json_of(member));
  for (const auto& c : m.external) out["external"].push_back(json_of(c));
  add_composition(out, m);
  return out.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Result<Manifest> manifest_from_json(std::string_view text) {
  try {
    const auto json = Json::parse(text);
    if (json.at("schema") != kSchema)
      return fail(Code::Corrupt, "the manifest is of another schema: {}", json.at("schema").dump());
    Manifest out{json.at("namespace").get<std::string>(),
                 json.at("policy").get<std::string>(),
                 json.at("snapshot").get<std::string>(),
                 json.at("uid").get<std::string>(),
                 Epoch{json.at("epoch").get<std::uint64_t>()},
                 json.at("protocol").get<std::string>(),
                 {},
                 {},
                 json.at("versions").get<std::map<std::string, std::string>>(),
                 json.at("created").get<std::string>()};
    for (const auto& member : json.at("members")) out.members.push_back(member_of(member));
    for (const auto& c : json.at("external")) out.external.push_back(connection_of(c));
    read_composition(json, out);
    return out;
  } catch (const std::exception& e) {
    return fail(Code::Corrupt, "the manifest cannot be read: {}", e.what());
  }
}

SigningKey make_key() {
  start();
  SigningKey out;
  crypto_sign_keypair(out.open.data(), out.secret.data());
  return out;
}

std::string hex(std::span<const unsigned char> key) { return fmt::format("{:02x}", fmt::join(key, "")); }

std::optional<PublicKey> public_key(std::string_view text) {
  PublicKey out{};
  return read_hex(text, out) ? std::optional{out} : std::nullopt;
}

std::optional<SigningKey> signing_key(std::string_view text) {
  SigningKey out;
  if (!read_hex(text, out.secret)) return std::nullopt;
  crypto_sign_ed25519_sk_to_pk(out.open.data(), out.secret.data());
  return out;
}

std::string sign(const Manifest& manifest, const SigningKey& key) {
  start();
  const auto text = to_json(manifest);
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(), nullptr, bytes(text), text.size(), key.secret.data());
  return Json{{"schema", kEnvelope}, {"manifest", text}, {"key", hex(key.open)}, {"signature", hex(signature)}}.dump();
}

Result<Manifest> verify(std::string_view signed_text, std::span<const PublicKey> trusted) {
  start();
  std::string text, signature_text, key;
  try {
    const auto json = Json::parse(signed_text);
    if (json.at("schema") != kEnvelope) return fail(Code::Corrupt, "what is stored is no signed manifest");
    text = json.at("manifest").get<std::string>();
    signature_text = json.at("signature").get<std::string>();
    key = json.at("key").get<std::string>();
  } catch (const std::exception& e) {
    return fail(Code::Corrupt, "the signed manifest cannot be read: {}", e.what());
  }
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  if (!read_hex(signature_text, signature)) return fail(Code::Corrupt, "the manifest's signature is none");
  const auto vouches = [&](const PublicKey& one) {
    return crypto_sign_verify_detached(signature.data(), bytes(text), text.size(), one.data()) == 0;
  };
  if (std::ranges::none_of(trusted, vouches))
    return fail(
        Code::Corrupt,
        "the manifest is signed by nobody who is trusted (it names the key {}): see the Secret of the signing key",
        key.substr(0, 64));
  return manifest_from_json(text);
}

}  // namespace cutline::repository
