// A pod of the workload: one thread, one poll(2), so that a report is always of one moment.
//
// In each turn: take in what has come, apply it, start transfers, write the book, and only then send: what a peer has
// seen is in the book. Nothing is timed that a jump of the clock could break: a rollback moves the clock forward for a
// process.
#pragma once

#include <list>
#include <map>
#include <optional>

#include "base/deadline.hpp"
#include "e2e/workloads/ledger/ballast.hpp"
#include "e2e/workloads/ledger/book.hpp"
#include "e2e/workloads/ledger/config.hpp"
#include "e2e/workloads/ledger/link.hpp"
#include "e2e/workloads/ledger/report.hpp"

struct pollfd;

namespace cutline::ledger {

class Node {
 public:
  [[nodiscard]] static Result<Node> open(const Config& config);
  // Until something fails that leaves no sense in going on, as a file that cannot be written.
  [[nodiscard]] Status run();

 private:
  struct Guest {  // a connection whose other end has not said yet what it is, or a question to the status port
    Fd fd;
    std::string in;
  };
  struct Pending {  // a graph that shall hold later
    Graph graph;
    Instant at;
  };
  struct Totals {
    Traffic sent, received;
  };
  [[nodiscard]] static Totals totals(const Peer& books, const Link& link);
  Node(Config config, Book book, Account account, Fd listener, Fd status);

  [[nodiscard]] Status turn();
  [[nodiscard]] std::vector<pollfd> wait_for() const;
  [[nodiscard]] int idle_for() const;
  void take_links();
  void take_newcomers();
  void take_questions();
  void take_graph(Graph graph);

  void begin(Index peer, Link& link);
  void greet(Index peer, Link& link);
  void take_frames(Index peer, Link& link);
  [[nodiscard]] bool take(Index peer, Link& link, const Frame& frame);
  void welcome(Index peer, const Frame& hello, Fd fd);
  void settle_session(Index peer, Link& link, std::uint64_t session, bool resume, std::uint64_t expected);
  // Sends again from the book what peers lack, in their order and ahead of everything new.
  [[nodiscard]] Status catch_up();
  [[nodiscard]] Status catch_up(Index peer, Link& link);
  void lose(Index peer, Link& link, const char* why);

  void start_transfers();
  void refill();
  [[nodiscard]] bool begin_burst();
  [[nodiscard]] std::optional<Index> choose();
  void transfer(Index peer, Link& link);
  // A transfer to it can be started: an edge, connected, its turn or the window not full, money there.
  [[nodiscard]] bool has_room(Index peer, const Link& link) const;
  [[nodiscard]] bool has_room() const;
  // Whether the peer acknowledges with a frame. One that does not send to us says nothing at all: there, TCP's
  // acknowledgement is what counts.
  [[nodiscard]] bool answered_by(Index peer) const;
  void take_silent_acknowledgements();
  void note(Direction direction, Index peer, const Transfer& transfer);

  [[nodiscard]] std::string answer(const std::string& path, const std::string& query);
  [[nodiscard]] Status change_graph(const std::string& query);
  void mark();
  [[nodiscard]] PeerReport report(Index peer, const Peer& books) const;
  [[nodiscard]] Report report(bool thorough) const;
  [[nodiscard]] std::uint64_t random();

  Config config_;
  Book book_;
  Account account_;
  Ballast ballast_;
  Fd listener_, status_;
  std::map<Index, Link> links_;
  std::list<Guest> newcomers_, questions_;
  std::optional<Pending> pending_;
  std::map<Index, Totals> marks_;
  std::uint64_t random_state_;
  double tokens_ = 0;  // transfers that the rate allows now
  double wanted_ = 1;  // as many are waited for before any is started
  Index burst_to_ = 0;
  std::uint64_t burst_left_ = 0;
  Instant refilled_;
  Instant paused_until_{};
  bool lose_one_ = false, repeat_one_ = false;
};

}  // namespace cutline::ledger
