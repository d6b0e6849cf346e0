// A whole world in one thread: pods that talk over TCP, their sidecars, a control network that loses, repeats, delays
// and reorders, an API server with optimistic locking, and coordinators that die, also while another one lives. The
// machines under test are the real ones; around them are shells as simple as the real ones should be. Time is
// simulated; Choices decide everything else.
//
// run() ends when the choices are used up and, all going well from then on, all is quiet. What must never happen is
// written down in violations() at the moment when it happens.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "choices.hpp"
#include "pod.hpp"
#include "protocol/rollback.hpp"
#include "protocol/round.hpp"

namespace cutline::simulation {

struct Faults {  // in percent of the occasions
  unsigned loss = 0;
  unsigned duplicate = 0;
  unsigned late = 0;
  unsigned failing_write = 0;
  unsigned failing_save = 0;
  unsigned failing_verify = 0;
  unsigned failing_restore = 0;
  unsigned slow_save = 0;         // around the deadline
  unsigned coordinator_dies = 0;  // each per 7 ms
  unsigned coordinator_usurped = 0;
  unsigned sidecar_dies = 0;
  unsigned pod_leaves = 0;
  unsigned overlap = 0;  // a second snapshot beside a round
  long latest = 400;     // ms that a message is late at most
};

struct Setting {
  std::size_t pods = 3;
  Faults faults;
  std::vector<bool> rounds;      // run first, in this order, one by one: true is a rollback
  std::set<std::uint64_t> lose;  // control messages, numbered from 0 in the order of their sending
  std::optional<std::uint64_t>
      coordinator_dies_at;  // before the event of this number, of all that any machine is fed with
  std::optional<std::pair<std::uint64_t, std::size_t>> sidecar_dies_at;
};

enum class Stage { None, Reserved, Irrevocable, Committed, Failed, Held };

class World {
 public:
  World(Setting setting, Choices choices);
  void run();

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  // What happened, so that a test can say that it has seen something.
  [[nodiscard]] std::size_t rounds(bool rollback, Stage stage) const;
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }
  [[nodiscard]] std::uint64_t bytes_in_transit() const { return in_transit_; }  // over all committed cuts

 private:
  struct Coordinator {
    std::variant<protocol::round::State, protocol::rollback::State> state;
    bool alive = true;
    bool writing = false;
    std::uint64_t version = 0;  // of the record, as it knows it
    std::uint64_t alarm = 0;
    Millis clock{0};
  };
  struct Job {  // an object of the API server, and who works on it
    Epoch epoch{};
    bool rollback = false;
    std::set<std::size_t> members;
    protocol::round::Plan round;
    protocol::rollback::Plan back;
    Stage stage = Stage::None;
    std::uint64_t version = 0;
    bool closed = false;
    bool abort_sent = false;
    std::set<std::size_t> put_back;  // where processes were ended for it
    std::vector<std::unique_ptr<Coordinator>> coordinators;
  };

  // world.cpp: time, chance, and how rounds come about
  void after(Millis delay, std::function<void()> what);
  void next();
  void scripted_death();
  void wind_up();
  bool quiet() const;
  void begin(bool rollback);
  void begin_something();
  void trouble();
  void watch_over_jobs();
  std::set<std::size_t> living() const;
  std::optional<Epoch> line() const;  // a committed cut of all living pods

  // coordination.cpp: the operator's shell, the API server, the control network
  void begin_round(Job& job, std::set<std::size_t> members);
  void begin_rollback(Job& job, Epoch checkpoint);
  Coordinator& employ(Job& job);
  void recover(Job& job);
  template <class Make>
  void feed(Job& job, Coordinator& coordinator, Make make);
  template <class Output>
  void carry_out(Job& job, Coordinator& coordinator, const Output& output);
  void write(Job& job, Coordinator& coordinator, Stage stage);
  void land(Job& job, Coordinator& coordinator, Stage stage);
  void recorded(Job& job, Coordinator& coordinator, bool success);
  void close_if_ended(Job& job);
  void command(Job& job, Coordinator& coordinator, const PodUid& to, const protocol::Command& command);
  void transmit(std::function<void()> arrival);
  void reply(std::size_t from, const protocol::Reply& reply);
  void leave(std::size_t who);
  Job* job(Epoch epoch);

  // pods.cpp: the sidecar's shell, the kernel, the applications
  void feed(std::size_t who, const protocol::participant::Event& event);
  void perform(std::size_t who, const protocol::participant::Effect& effect);
  void answer(std::size_t who, protocol::Reply reply);
  void save(std::size_t who, const protocol::participant::Save& save);
  void verify(std::size_t who, const protocol::participant::Verify& verify);
  void end_all(std::size_t who, const protocol::participant::EndAll& end_all);
  void put_back(std::size_t who, const protocol::participant::PutBack& put_back);
  void wake(std::size_t who);
  void die(std::size_t who);
  void close_gate(std::size_t who, std::optional<Millis> hold, bool drop);
  void open_gate(std::size_t who);
  void talk(std::size_t who);
  void send(Segment segment);
  void arrive(const Segment& segment);
  bool in_window(const Segment& segment);

  // truth.cpp: what must never happen
  void demand(bool holds, const std::string& what);
  void check_send(const Job& job, const protocol::Command& command);
  void check_landed(const Job& job);
  void check_cut(const Job& job);
  std::set<std::size_t> living_of(const Job& job) const;
  void check_effect(std::size_t who, const protocol::participant::Effect& effect);
  void check_gates();
  void check_end();
  void check_that_all_goes_on(const std::vector<Pod>& before);

  Setting setting_;
  Choices choices_;
  std::mt19937 noise_;  // what applications say; not worth shrinking
  Instant now_{};
  std::multimap<Instant, std::function<void()>> agenda_;
  std::vector<Pod> pods_;
  std::map<std::pair<std::size_t, std::size_t>, Watched> node_;  // by who sends to whom
  std::vector<std::unique_ptr<Job>> jobs_;
  std::vector<std::string> violations_;
  std::uint64_t epochs_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t in_transit_ = 0;
  std::size_t scripted_ = 0;
};

inline constexpr Millis kHold{100};
inline constexpr Millis kMargin{10};

}  // namespace cutline::simulation
