// The space-time diagram: time runs to the right, one line a process, checkpoints on it, messages between the lines,
// and the recovery line through one state of each. What is to be drawn; svg.hpp and text.hpp draw it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/objects.hpp"

namespace cutline::cli {

struct Mark {
  std::uint64_t index = 0;  // the checkpoint's number
  std::optional<Time> time;
  std::string snapshot;  // checkpoints of one cut are drawn above one another
};

// States of a row are counted by position: 0 the start (or what is left of the first mark shown), k the k-th mark,
// marks + 1 the present. Interval k lies between position k and k + 1.
struct Row {
  std::string pod;
  std::vector<Mark> marks;
  bool trimmed = false;             // earlier checkpoints are not shown
  bool failed = false;              // its present state counts no more
  std::optional<std::size_t> line;  // the position that the recovery line goes through
  bool undone = false;              // what comes after it is taken back
  [[nodiscard]] std::size_t present() const { return marks.size() + 1; }
};

enum class Kind {
  Plain,
  InTransit,  // sent before the line, received after it: it lies in the sender's image
  Orphan,     // received before the line, sent after it: the line is not consistent
  Cause,      // was an orphan while the cascade ran: it took its receiver back
  Undone,     // neither sent nor received any more
};

struct Arrow {
  std::size_t from = 0, sent_in = 0, to = 0, received_in = 0;  // rows and intervals
  std::uint64_t bytes = 0;
  bool arrived = true;
  Kind kind = Kind::Plain;
};

struct Back {                             // one step of a rollback
  std::size_t row = 0, from = 0, to = 0;  // positions
  std::optional<std::size_t> peer;        // whose state asked for it
  std::size_t peer_at = 0;
  std::string because;
};

struct Diagram {
  std::string title, subtitle;
  std::string line_name;  // what the recovery line is called in the key
  std::vector<Row> rows;
  std::vector<Arrow> arrows;
  std::vector<Back> cascade;  // in order
  std::vector<std::string> notes;
};

// Says of each arrow how it lies to the line and to the cascade.
void classify(Diagram& diagram);
// At most `last` checkpoints of each row, and as many more as the line and the cascade need.
[[nodiscard]] Diagram trimmed(Diagram diagram, std::size_t last);
// The most telling ones, at most `most`; a note says how many were left out.
[[nodiscard]] Diagram fewer_arrows(Diagram diagram, std::size_t most);
// In words: what a reader who cannot see it needs to know.
[[nodiscard]] std::string described(const Diagram& diagram);
// "start", "checkpoint 3", "present"
[[nodiscard]] std::string state_name(const Row& row, std::size_t position);
// "after checkpoint 3"
[[nodiscard]] std::string interval_name(const Row& row, std::size_t interval);
[[nodiscard]] const char* name(Kind kind);

}  // namespace cutline::cli
