// The local checkpoints of a pod, on its node's disk.
//
//   <root>/checkpoints/<epoch>/manifest.json                 named, and so complete, by one rename of the
//   folder <root>/checkpoints/<epoch>/<container>/...               CRIU's images, files.json, files-N.data
//   <root>/checkpoints/<epoch>/committed                     the coordinator has committed the cut that it belongs to
//   <root>/checkpoints/<epoch>/adopted                       the index of one that was brought from another pod
//   <root>/checkpoints/<epoch>.draft | <epoch>.gone          being written, being deleted: collected at the next start
//   <root>/last-index                                        highest index of a committed checkpoint, so that none is
//   used twice
//
// Nothing is added to a sealed folder: give CRIU another working folder. One Store per root; its methods may be called
// from different threads, but not two for the same epoch at once.
#pragma once

#include "base/deadline.hpp"
#include "base/ids.hpp"
#include "sidecar/store/checkpoint_folder.hpp"
#include "sidecar/store/manifest.hpp"

namespace cutline::store {

inline constexpr const char* kCommittedFile = "committed";
inline constexpr const char* kAdoptedFile = "adopted";

// A checkpoint that is being written. Deleted with the object, unless it was sealed.
class Draft {
 public:
  Draft(Draft&&) noexcept = default;
  Draft& operator=(Draft&&) = delete;
  ~Draft();

  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] CheckpointIndex index() const { return index_; }
  [[nodiscard]] const std::string& folder() const { return *folder_; }
  // The container's own folder, made at the first call. Invalid: not a container's name.
  [[nodiscard]] Result<std::string> container(const std::string& name) const;

 private:
  friend class Store;
  Draft(std::string folder, Epoch epoch, CheckpointIndex index)
      : folder_(std::make_unique<std::string>(std::move(folder))), epoch_(epoch), index_(index) {}
  std::unique_ptr<std::string> folder_;  // null: sealed or moved from
  Epoch epoch_;
  CheckpointIndex index_;
};

struct Stored {
  Manifest manifest;  // checkpoint.digest is filled in
  bool committed = false;
  bool adopted = false;  // brought from another pod, or anew
};

class Store {
 public:
  // Makes the folders, and collects what an earlier run did not finish.
  [[nodiscard]] static Result<Store> open(std::string root);

  // Conflict: that epoch is sealed already. An unfinished draft of it is replaced.
  [[nodiscard]] Result<Draft> begin(Epoch epoch) const;
  // Lists all files in the manifest, gives the folder its name; the bytes of all files. Traffic waits for this, so
  // nothing is read and nothing flushed: a sealed checkpoint survives the end of every process, but a power cut only
  // from commit() on. `manifest`: all but index, bytes and files. After an error the draft may be sealed again or
  // dropped.
  [[nodiscard]] Result<Bytes> seal(Draft& draft, Manifest manifest) const;

  // The manifest alone. NotFound: no such checkpoint.
  [[nodiscard]] Result<Stored> load(Epoch epoch) const;
  // Of a committed one: every file is there, has its size and digest, and there is no other. Call before anything is
  // touched; only read. Corrupt: names the file.
  [[nodiscard]] Result<Stored> verify(Epoch epoch, const std::string& digest, Deadline deadline) const;
  // A draft whose files were brought from elsewhere: they are those that the manifest with this digest lists, and on
  // disk when this returns. Corrupt: names the file.
  [[nodiscard]] Result<Stored> check(const Draft& draft, const std::string& digest, Deadline deadline) const;
  // Seals and commits what was checked. Here it is called by the draft's epoch and this index, whatever its pod had
  // called it.
  [[nodiscard]] Status adopt(Draft& draft, CheckpointIndex index) const;
  [[nodiscard]] std::string checkpoint_folder(Epoch epoch) const { return folder(epoch); }
  // For CRIU and files::put_back; of a verified checkpoint.
  [[nodiscard]] std::string container_folder(Epoch epoch, const std::string& container) const;

  // Hashes all files into the manifest; all of it is on disk when this returns, and marked as committed. The manifest's
  // digest, "sha256:<hex>". Idempotent. Corrupt: the files are not those that were sealed.
  [[nodiscard]] Result<std::string> commit(Epoch epoch) const;
  [[nodiscard]] Status discard(Epoch epoch) const;  // idempotent
  // By epoch. A manifest that cannot be read is listed as an error under its epoch, so that one bad folder hides no
  // other.
  [[nodiscard]] Result<std::map<Epoch, Result<Stored>>> list() const;

  [[nodiscard]] Result<CheckpointIndex> next_index() const;  // of the checkpoint that begins next

  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  explicit Store(std::string root) : root_(std::move(root)) {}
  [[nodiscard]] std::string checkpoints() const { return root_ + "/checkpoints"; }
  [[nodiscard]] std::string folder(Epoch epoch) const;
  [[nodiscard]] static Result<Stored> load_from(const std::string& path, Epoch epoch);
  [[nodiscard]] static Result<Stored> verify_in(const std::string& path, Epoch epoch, const std::string& digest,
                                                Reading reading, Deadline deadline);
  [[nodiscard]] Status make_durable(const std::string& path, const std::string& manifest, CheckpointIndex index) const;
  [[nodiscard]] Status raise_last_index(CheckpointIndex index) const;
  std::string root_;
};

}  // namespace cutline::store
