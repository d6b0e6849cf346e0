#include "sidecar/store/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "sidecar/store/checkpoint_folder.hpp"
#include "sidecar/store/digest.hpp"

namespace cutline::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kManifestLimit = 256U << 20U;
constexpr Millis kCommit{110'000};

Status remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? fail_errno(error.value(), "delete " + path) : Status{};
}

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return fail_errno(errno, "mkdir " + path);
}

enum class Disk { Later, Now };

Status write_file(const std::string& path, std::string_view text, Disk disk) {
  auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  if (!fd) return tl::unexpected(fd.error());
  if (auto done = write_all(fd->get(), text); !done) return forward(done, path);
  return disk == Disk::Later || ::fsync(fd->get()) == 0 ? Status{} : fail_errno(errno, "fsync " + path);
}

// Written beside the folder: within it, a file that is not the checkpoint's is damage.
Status replace_manifest(const std::string& folder, const std::string& text) {
  const auto beside = folder + ".draft";
  if (auto done = write_file(beside, text, Disk::Now); !done) return done;
  const auto name = folder + '/' + kManifestFile;
  return ::rename(beside.c_str(), name.c_str()) == 0 ? Status{} : fail_errno(errno, "rename to " + name);
}

std::string digest_of(std::string_view manifest) { return "sha256:" + sha256(manifest); }

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t out = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && stop == end ? std::optional{out} : std::nullopt;
}

bool is_container_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::end(at); at.increment(error))
    out.push_back(at->path().filename());
  if (error) return fail_errno(error.value(), "list " + folder);
  return out;
}

// A name that is not of this store is left alone, and said.
Status collect_leftovers(const std::string& folder) {
  auto names = names_in(folder);
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names) {
    if (number_of(name)) continue;
    if (!name.ends_with(".draft") && !name.ends_with(".gone")) {
      log::warn("not a checkpoint, left alone", {{"path", folder + '/' + name}});
      continue;
    }
    log::info("collecting an unfinished checkpoint", {{"path", folder + '/' + name}});
    if (auto done = remove_tree(folder + '/' + name); !done) return done;
  }
  return {};
}

// Before anything is hashed: gigabytes to find a stray file help nobody.
Status compare_names(const std::vector<FileRecord>& wanted, const std::vector<FileRecord>& present) {
  std::vector<FileRecord> differ;
  std::ranges::set_difference(wanted, present, std::back_inserter(differ), {}, &FileRecord::path, &FileRecord::path);
  if (!differ.empty()) return fail(Code::Corrupt, "{} is missing", differ.front().path);
  std::ranges::set_difference(present, wanted, std::back_inserter(differ), {}, &FileRecord::path, &FileRecord::path);
  if (!differ.empty()) return fail(Code::Corrupt, "{} does not belong to the checkpoint", differ.front().path);
  return {};
}

// Of the same names.
Status compare_sizes(const std::vector<FileRecord>& wanted, const std::vector<FileRecord>& present) {
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i].size != present[i].size)
      return fail(Code::Corrupt, "{} has {} bytes, the manifest says {}", wanted[i].path, present[i].size,
                  wanted[i].size);
  return {};
}

// The files of a sealed checkpoint, as they are now. Corrupt: they are not those that its manifest lists.
Result<std::vector<FileRecord>> hash_listed(const std::string& path, const std::vector<FileRecord>& wanted,
                                            Reading reading, Deadline deadline) {
  auto present = list_content(path);
  if (!present) return tl::unexpected(present.error());
  if (auto same = compare_names(wanted, present->files); !same) return tl::unexpected(same.error());
  if (auto same = compare_sizes(wanted, present->files); !same) return tl::unexpected(same.error());
  return hash_files(path, std::move(present->files), reading, deadline);
}

}  // namespace

Draft::~Draft() {
  if (!folder_) return;
  if (auto done = remove_tree(*folder_); !done)
    log::warn("a draft stays until the next start", {{"why", done.error()}});
}

Result<std::string> Draft::container(const std::string& name) const {
  if (!is_container_name(name)) return fail(Code::Invalid, "'{}' is no container's name", name);
  const auto path = *folder_ + '/' + name;
  if (auto done = make_folder(path); !done) return tl::unexpected(done.error());
  return path;
}

Result<Store> Store::open(std::string root) {
  Store store{std::move(root)};
  for (const auto& folder : {store.root_, store.checkpoints()}) {
    if (auto done = make_folder(folder); !done) return tl::unexpected(done.error());
  }
  if (auto done = collect_leftovers(store.checkpoints()); !done) return tl::unexpected(done.error());
  return store;
}

std::string Store::folder(Epoch epoch) const { return fmt::format("{}/{}", checkpoints(), value(epoch)); }

std::string Store::container_folder(Epoch epoch, const std::string& container) const {
  return folder(epoch) + '/' + container;
}

Result<CheckpointIndex> Store::next_index() const {
  std::uint64_t last = 0;
  if (const auto text = read_file(root_ + "/last-index", 64)) last = number_of(*text).value_or(0);
  auto all = list();
  if (!all) return tl::unexpected(all.error());
  for (const auto& [epoch, stored] : *all) {
    if (stored) last = std::max(last, value(stored->manifest.checkpoint.index));
  }
  return CheckpointIndex{last + 1};
}

Result<Draft> Store::begin(Epoch epoch) const {
  if (::access(folder(epoch).c_str(), F_OK) == 0)
    return fail(Code::Conflict, "checkpoint {} is sealed already", value(epoch));
  auto index = next_index();
  if (!index) return tl::unexpected(index.error());
  const auto path = folder(epoch) + ".draft";
  if (auto done = remove_tree(path); !done) return tl::unexpected(done.error());
  if (auto done = make_folder(path); !done) return tl::unexpected(done.error());
  return Draft{path, epoch, *index};
}

Result<Bytes> Store::seal(Draft& draft, Manifest manifest) const {
  if (!draft.folder_) return fail(Code::Invalid, "checkpoint {} is sealed already", value(draft.epoch_));
  const auto& path = *draft.folder_;
  auto content = list_content(path);
  if (!content) return tl::unexpected(content.error());
  std::uint64_t bytes = 0;
  for (const auto& file : content->files) bytes += file.size;
  manifest.checkpoint.epoch = draft.epoch_;
  manifest.checkpoint.index = draft.index_;
  manifest.checkpoint.bytes = Bytes{bytes};
  manifest.files = std::move(content->files);
  if (auto done = write_file(path + '/' + kManifestFile, to_json(manifest), Disk::Later); !done)
    return tl::unexpected(done.error());
  const auto name = folder(draft.epoch_);
  if (::rename(path.c_str(), name.c_str()) != 0) return fail_errno(errno, "rename to " + name);
  draft.folder_.reset();
  return Bytes{bytes};
}

Result<Stored> Store::load(Epoch epoch) const { return load_from(folder(epoch), epoch); }

Result<Stored> Store::load_from(const std::string& path, Epoch epoch) {
  auto dir = open_file(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!dir) return forward(dir, fmt::format("checkpoint {}", value(epoch)));
  auto fd = open_inside(dir->get(), kManifestFile);
  if (!fd) return forward(fd, path);
  auto text = read_all(fd->get(), kManifestLimit);
  if (!text) return forward(text, path);
  auto manifest = manifest_from_json(*text);
  if (!manifest) return forward(manifest, path);
  const auto adopted = read_file(path + '/' + kAdoptedFile, 64);
  if (adopted)
    manifest->checkpoint.index = CheckpointIndex{number_of(*adopted).value_or(value(manifest->checkpoint.index))};
  else if (manifest->checkpoint.epoch != epoch)
    return fail(Code::Corrupt, "{} holds the checkpoint of epoch {}", path, value(manifest->checkpoint.epoch));
  manifest->checkpoint.epoch = epoch;
  manifest->checkpoint.digest = digest_of(*text);
  return Stored{*std::move(manifest), ::faccessat(dir->get(), kCommittedFile, F_OK, 0) == 0, adopted.has_value()};
}

Result<Stored> Store::verify(Epoch epoch, const std::string& digest, Deadline deadline) const {
  return verify_in(folder(epoch), epoch, digest, Reading::Only, deadline);
}

Result<Stored> Store::verify_in(const std::string& path, Epoch epoch, const std::string& digest, Reading reading,
                                Deadline deadline) {
  auto stored = load_from(path, epoch);
  if (!stored) return stored;
  const auto context = fmt::format("checkpoint {}", value(epoch));
  if (stored->manifest.checkpoint.digest != digest) {
    return fail(Code::Corrupt, "{}: its manifest is not the one on record ({} instead of {})", context,
                stored->manifest.checkpoint.digest, digest);
  }
  const auto& wanted = stored->manifest.files;
  const auto found = hash_listed(path, wanted, reading, deadline);
  if (!found) return forward(found, context);
  const auto differs = std::ranges::mismatch(wanted, *found);
  if (differs.in1 != wanted.end())
    return fail(Code::Corrupt, "{}: {} has another digest than the manifest says", context, differs.in1->path);
  return stored;
}

Result<Stored> Store::check(const Draft& draft, const std::string& digest, Deadline deadline) const {
  const auto path = *draft.folder_ + '/' + kCommittedFile;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "delete " + path);
  if (auto done = write_file(*draft.folder_ + '/' + kAdoptedFile, "", Disk::Later); !done)
    return tl::unexpected(done.error());
  auto stored = verify_in(*draft.folder_, draft.epoch_, digest, Reading::AndFlush, deadline);
  if (!stored) return stored;
  if (auto done = flush_folders(*draft.folder_); !done) return tl::unexpected(done.error());
  return stored;
}

// The mark comes last: a folder that bears it is whole.
Status Store::adopt(Draft& draft, CheckpointIndex index) const {
  if (!draft.folder_) return fail(Code::Invalid, "checkpoint {} is sealed already", value(draft.epoch_));
  if (auto done = raise_last_index(index); !done) return done;
  if (auto done = write_file(*draft.folder_ + '/' + kAdoptedFile, std::to_string(value(index)), Disk::Now); !done)
    return done;
  const auto name = folder(draft.epoch_);
  if (::rename(draft.folder_->c_str(), name.c_str()) != 0) return fail_errno(errno, "rename to " + name);
  draft.folder_.reset();
  if (auto done = flush_folder(checkpoints()); !done) return done;
  if (auto done = write_file(name + '/' + kCommittedFile, "", Disk::Now); !done) return done;
  return flush_folder(name);
}

Result<std::string> Store::commit(Epoch epoch) const {
  auto stored = load(epoch);
  if (!stored) return tl::unexpected(stored.error());
  auto& manifest = stored->manifest;
  if (stored->committed) return manifest.checkpoint.digest;
  const auto path = folder(epoch);
  auto hashed = hash_listed(path, manifest.files, Reading::AndFlush, Deadline::after(kCommit));
  if (!hashed) return forward(hashed, path);
  manifest.files = *std::move(hashed);
  const auto text = to_json(manifest);
  if (auto done = make_durable(path, text, manifest.checkpoint.index); !done) return tl::unexpected(done.error());
  return digest_of(text);
}

// In this order: what is marked as committed is on disk.
Status Store::make_durable(const std::string& path, const std::string& manifest, CheckpointIndex index) const {
  if (auto done = replace_manifest(path, manifest); !done) return done;
  if (auto done = flush_folders(path); !done) return done;
  if (auto done = flush_folder(checkpoints()); !done) return done;
  if (auto done = raise_last_index(index); !done) return done;
  if (auto done = write_file(path + '/' + kCommittedFile, "", Disk::Now); !done) return done;
  return flush_folder(path);
}

Status Store::raise_last_index(CheckpointIndex index) const {
  std::uint64_t last = 0;
  if (const auto text = read_file(root_ + "/last-index", 64)) last = number_of(*text).value_or(0);
  return replace_file(root_ + "/last-index", std::to_string(std::max(last, value(index))));
}

Status Store::discard(Epoch epoch) const {
  const auto gone = folder(epoch) + ".gone";
  if (auto done = remove_tree(gone); !done) return done;  // of a discard that was cut short
  if (::rename(folder(epoch).c_str(), gone.c_str()) != 0 && errno != ENOENT)
    return fail_errno(errno, "rename to " + gone);
  if (auto done = flush_folder(checkpoints()); !done) return done;
  return remove_tree(gone);
}

Result<std::map<Epoch, Result<Stored>>> Store::list() const {
  auto names = names_in(checkpoints());
  if (!names) return tl::unexpected(names.error());
  std::map<Epoch, Result<Stored>> out;
  for (const auto& name : *names) {
    if (const auto number = number_of(name)) out.emplace(Epoch{*number}, load(Epoch{*number}));
  }
  return out;
}

}  // namespace cutline::store
