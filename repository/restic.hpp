// A restic repository: what is stored beyond the node, deduplicated, compressed and encrypted.
//
// Each call runs the program once and ends by its deadline, or earlier if nothing moves. Errors say what a person can
// do: Invalid (keys or password are refused), NotFound (no repository, no snapshot), Exhausted (the store is full),
// Unavailable (it cannot be reached), Busy (somebody else has locked it), Corrupt (what is stored is damaged).
// Thread-safe: an object is not changed by its use.
//
// https://restic.readthedocs.io/en/v0.14.0/075_scripting.html
#pragma once

#include <functional>
#include <stop_token>

#include "base/child.hpp"
#include "protocol/messages.hpp"
#include "repository/brake.hpp"

namespace cutline::repository {

using protocol::Repository;

struct Program {
  std::string path = "/usr/bin/restic";
  std::string work = "/tmp";  // for a cache and temporary files; made if it is not there
  bool cache = false;
  int nice = 0;
  std::optional<unsigned> user;  // who may do what keeper_of_files() says; none: the caller
};

struct Progress {
  Bytes done{};
  Bytes total{};
  std::optional<Error> trouble;  // since the last byte went through; restic goes on trying
};

// What a long call heeds and tells. `told` is called on the caller's thread.
struct Attention {
  std::function<void(const Progress&)> told = [](const Progress&) {};
  std::stop_token stop;      // Unavailable: stopped
  Brake* brake = nullptr;    // stands still while it is held
  Millis patience{120'000};  // with trouble, and nothing going through
};

struct Kept {  // one backup
  std::string id;
  Bytes bytes{};
  Bytes added{};  // that the repository did not have
};

struct Found {
  std::string id;
  std::string time;  // RFC 3339
  std::vector<std::string> tags;
  std::vector<std::string> paths;
};

struct Size {
  Bytes bytes{};  // that the repository takes up
  std::uint64_t snapshots = 0;
};

using Tags = std::vector<std::string>;

class Restic {
 public:
  Restic(Repository repository, Program program) : repository_(std::move(repository)), program_(std::move(program)) {}

  // Makes the repository unless there is one. Invalid: there is, and it has another password.
  [[nodiscard]] Status make(Deadline deadline) const;
  // What it was named when it was made; wherever it is moved, it keeps it.
  [[nodiscard]] Result<std::string> identity(Deadline deadline) const;

  // The contents of a folder, as snapshot of `host`.
  [[nodiscard]] Result<Kept> keep_folder(const std::string& folder, const std::string& host, const Tags& tags,
                                         Deadline deadline, const Attention& attention) const;
  // One file of that name.
  [[nodiscard]] Result<Kept> keep_text(const std::string& text, const std::string& name, const std::string& host,
                                       const Tags& tags, Deadline deadline) const;
  // Into a folder that is empty.
  [[nodiscard]] Status restore(const std::string& id, const std::string& folder, Deadline deadline,
                               const Attention& attention) const;
  [[nodiscard]] Result<std::string> text_of(const std::string& id, const std::string& name, Deadline deadline) const;

  // The snapshots that carry all of the tags, oldest first.
  [[nodiscard]] Result<std::vector<Found>> find(const Tags& tags, Deadline deadline,
                                                const Attention& attention = {}) const;
  // Those that are gone already: fine. Their bytes go with the next prune. This, prune and a check alone wait until
  // nobody else uses the repository; Busy: by the deadline somebody still did.
  [[nodiscard]] Status forget(const std::vector<std::string>& ids, Deadline deadline) const;
  [[nodiscard]] Status prune(Deadline deadline) const;
  // `part`: of the data to be read, "5%", one at random; "0%": none. Corrupt: names the first damage. Not alone, it
  // keeps nobody waiting, and may take for damage what others are just changing.
  enum class Company { Alone, Others };
  [[nodiscard]] Status check(const std::string& part, Company company, Deadline deadline,
                             const Attention& attention = {}) const;
  [[nodiscard]] Result<Size> size(Deadline deadline) const;
  // Locks that programs of this host left which ended without a word, and those of other hosts that are older than half
  // an hour.
  [[nodiscard]] Status unlock(Deadline deadline) const;

 private:
  struct Command {
    std::vector<std::string> arguments;
    std::string input;
    int folder = -1;
  };
  [[nodiscard]] Result<Ended> run(const Command& command, Deadline deadline, const Attention& attention) const;
  [[nodiscard]] Status run_alone(const Command& command, Deadline deadline, const Attention& attention = {}) const;
  [[nodiscard]] Result<Kept> keep(const Command& command, Deadline deadline, const Attention& attention) const;
  Repository repository_;
  Program program_;
};

}  // namespace cutline::repository
