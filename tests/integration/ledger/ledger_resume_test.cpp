// Pods that stand at different moments, as after a rollback of independent checkpoints, connect again and make up for
// what each lacks.
#include "tests/integration/ledger/ledgers.hpp"

namespace cutline::ledger {
namespace {

namespace fs = std::filesystem;

struct ResumingLedgers : Ledger {
  // A pod's checkpoint: its book, from which it knows all that it knew. A prefix of a book is the pod of an earlier
  // moment.
  void save(int pod) const {
    fs::copy_file(folder / std::to_string(pod), folder / fmt::format("saved-{}", pod),
                  fs::copy_options::overwrite_existing);
  }
  void put_back(int pod) {
    stop(pods.at(pod));
    fs::copy_file(folder / fmt::format("saved-{}", pod), folder / std::to_string(pod),
                  fs::copy_options::overwrite_existing);
    start(pod, environment);
  }
  void begin(std::vector<std::string> how) {
    environment = std::move(how);
    environment.emplace_back("LEDGER_RECONNECT=1");
    start_all(environment);
  }
  void let_run(std::uint64_t transfers) const {
    const auto from = sent_in_all();
    eventually([&] { return sent_in_all() >= from + transfers; }, "transfers");
  }
  [[nodiscard]] std::uint64_t resent(int from, int to) const {
    return state(from).at("peers").at(std::to_string(to)).at("resent");
  }
  void expect_sound() const {
    const auto outcome = audit({"--within", "20"});
    EXPECT_EQ(outcome.code, 0) << outcome.output;
  }
  std::vector<std::string> environment;
};

TEST_F(ResumingLedgers, APodKilledInFullTrafficStartsAgainFromItsBookAndNothingIsLostOrTwice) {
  begin({});
  for (int round = 0; round < 6; ++round) {
    let_run(2000);
    stop(pods.at(round % 3));
    start(round % 3, environment);
    expect_sound();
  }
}

TEST_F(ResumingLedgers, ReceiversThatWentBackFurtherThanTheirSendersAreSentAgainFromTheBook) {
  begin({"LEDGER_GRAPH=0>1,0>2,1>2"});
  let_run(2000);
  save(2);
  let_run(2000);
  save(1);
  let_run(2000);
  put_back(2);
  put_back(1);
  expect_sound();
  EXPECT_GT(resent(0, 2), 64U);  // more than a window's worth: from the book, not from memory
  EXPECT_GT(resent(0, 1), 64U);
  let_run(1000);
  expect_sound();
}

TEST_F(ResumingLedgers, APodThatWentBackToItsBeginningIsSentAllOfIt) {
  begin({"LEDGER_GRAPH=0>1,2>1"});
  let_run(20'000);
  stop(pods.at(1));
  fs::remove(folder / "1");
  start(1, environment);
  expect_sound();
  EXPECT_GT(resent(0, 1) + resent(2, 1), 10'000U);
}

TEST_F(ResumingLedgers, AnOrphanIsFound) {
  begin({"LEDGER_GRAPH=0>1"});
  let_run(1000);
  save(0);
  let_run(1000);
  put_back(0);
  Outcome outcome;
  eventually([&] { return (outcome = audit({"--within", "1"})).code == 1; }, "a failed audit");
  EXPECT_NE(outcome.output.find("transfers were received that were never sent"), std::string::npos) << outcome.output;
}

TEST_F(ResumingLedgers, ConnectionsThatTheKernelResetsAreContinuedByBothEnds) {
  begin({});
  for (int round = 0; round < 4; ++round) {
    let_run(1000);
    const auto reset = fmt::format("ss --kill --tcp --numeric src {} >/dev/null", address(round % 3));
    ASSERT_EQ(std::system(reset.c_str()), 0) << reset << ": install iproute2, and run as root";
    expect_sound();
  }
  EXPECT_GT(state(0).at("peers").at("1").at("resumed").get<int>(), 1);
}

TEST_F(ResumingLedgers, APingPongGoesOnAfterAReset) {
  begin({"LEDGER_PING_PONG=1", "LEDGER_RATE=2000"});
  for (int round = 0; round < 3; ++round) {
    let_run(500);
    stop(pods.at(round));
    start(round, environment);
    expect_sound();
  }
  let_run(500);
}

TEST_F(ResumingLedgers, ALostTransferIsStillFound) {
  begin({});
  expect_failure("lose-one", "1 numbers missing");
}

TEST_F(ResumingLedgers, ARepeatedTransferIsStillFound) {
  begin({});
  expect_failure("repeat-one", "1 numbers repeated");
}

TEST_F(ResumingLedgers, APatientAuditWaitsForAPodThatIsAway) {
  begin({"LEDGER_RATE=1000"});
  stop(pods.at(2));
  pods.erase(2);
  EXPECT_EQ(audit().code, 2);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd in{ends[0]}, out{ends[1]};
  const pid_t patient = spawn({LEDGER, "audit", "--within", "30", "--pods", all()}, {}, out.get());
  out = Fd{};
  const auto is_paused = [] { return state(0).at("paused").get<bool>(); };
  eventually(is_paused, "the audit to be under way");
  start(2, environment);
  const auto said = read_all(in.get(), 1U << 20U).value();
  int status = 0;
  ASSERT_EQ(::waitpid(patient, &status, 0), patient);
  EXPECT_EQ(WEXITSTATUS(status), 0) << said;
}

}  // namespace
}  // namespace cutline::ledger
