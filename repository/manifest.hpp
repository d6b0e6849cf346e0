// What a distributed snapshot consists of, signed: one beside the checkpoints of each snapshot in the repository. Pure
// values.
//
// The members' digests vouch for their checkpoints, each of which holds a manifest with its counters and the digest of
// every file; this one vouches for the digests. The keys to the repository are in every pod that uploads; the signing
// key is with the operator alone.
#pragma once

#include <array>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace cutline::repository {

inline constexpr const char* kManifestName = "manifest.json";

struct Member {
  std::string pod;
  PodUid uid;
  std::string node;
  std::vector<std::string> addresses;  // of the pod, when it was saved
  CheckpointIndex index{};
  std::string digest;  // "sha256:<hex>", of the checkpoint's own manifest
  Bytes bytes{};
  std::string stored;    // the restic snapshot
  std::string counters;  // of its connections, as JSON; empty: only in the checkpoint
  bool operator==(const Member&) const = default;
};

// The last checkpoint of a process that an incremental snapshot left out: it was taken for another one, and belongs to
// this one's state.
struct LeftOut {
  Member last;
  Epoch epoch{};         // that its pod knows it by
  std::string snapshot;  // which it was taken for; empty: not known
  std::string names;     // how what it names was called when this snapshot was taken, as JSON; empty: alike
  bool operator==(const LeftOut&) const = default;
};

struct Connection {  // to outside of the snapshot
  std::string pod, local, remote;
  bool operator==(const Connection&) const = default;
};

struct Manifest {
  std::string ns;
  std::string policy;  // empty: none
  std::string snapshot;
  std::string uid;  // of the snapshot's object
  Epoch epoch{};
  std::string protocol;
  std::vector<Member> members;
  std::vector<Connection> external;
  std::map<std::string, std::string> versions;
  std::string created;  // RFC 3339: when the snapshot was committed
  bool alone = true;    // it is a state of the whole workload; an incremental one, with what it left out
  std::vector<LeftOut> left_out{};
  std::vector<Connection> close{};  // of an incremental one: all that is closed when it is restored
  bool operator==(const Manifest&) const = default;
};

// Canonical: the same values give the same bytes.
[[nodiscard]] std::string to_json(const Manifest& manifest);
// Corrupt: torn, or of another schema.
[[nodiscard]] Result<Manifest> manifest_from_json(std::string_view text);

using PublicKey = std::array<unsigned char, 32>;
struct SigningKey {  // Ed25519
  PublicKey open{};
  std::array<unsigned char, 64> secret{};
};

[[nodiscard]] SigningKey make_key();
[[nodiscard]] std::string hex(std::span<const unsigned char> key);
[[nodiscard]] std::optional<PublicKey> public_key(std::string_view hex);
[[nodiscard]] std::optional<SigningKey> signing_key(std::string_view hex);  // of `secret`, which holds both

// The manifest with its signature, as it is stored.
[[nodiscard]] std::string sign(const Manifest& manifest, const SigningKey& key);
// Corrupt: nobody who is trusted has signed these very bytes. Nothing of it is looked at before.
[[nodiscard]] Result<Manifest> verify(std::string_view signed_text, std::span<const PublicKey> trusted);

}  // namespace cutline::repository
