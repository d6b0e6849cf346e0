// One container: what a rollback gives back is the cut, of memory and files alike.
#include <iterator>
#include <numeric>
#include <sstream>

#include "tests/integration/criu/saved.hpp"
#include "tests/integration/rounds/sidecar.hpp"

namespace cutline::test {
namespace {

struct Cut : testing::Test {
  Container app = Saving::running({.command = {"/workload", "count-to-file"}});
  Sidecar sidecar{{&app}};
  // The lines of its file at a moment when nothing writes to it.
  std::vector<long> stilled_file() {
    must(app.freezer().freeze(soon()));
    std::istringstream text{must(read_file(app.data() + "/count"))};
    must(app.freezer().thaw());
    return {std::istream_iterator<long>{text}, {}};
  }
  // Puts back what `saved` holds, and opens the gate.
  void roll_back(const protocol::LocalCheckpoint& saved) {
    must(sidecar.verify(saved));
    must(sidecar.put_back(saved.epoch));
    must(sidecar.gate().open());
  }
  long last() { return numbers_of(app.out().text(), "count").back(); }
};

std::vector<long> from_zero(std::size_t count) {
  std::vector<long> out(count);
  std::iota(out.begin(), out.end(), 0L);
  return out;
}

TEST_F(Cut, MemoryAndFileGoBackToTheSameMoment) {
  const auto saved = must(sidecar.save(Epoch{1}));
  must(next_numbers(app, app.out().text().size()));
  must(app.freezer().freeze(soon()));
  const auto reached = last();
  const auto before = app.out().text().size();
  roll_back(saved);  // kills what is frozen: nothing more comes of the old process
  EXPECT_LT(must(next_numbers(app, before)).front(), reached);
  const auto lines = stilled_file();
  EXPECT_EQ(lines, from_zero(lines.size())) << "the file has gaps or repeats: it is of another moment than the memory";
}

TEST_F(Cut, TheApplicationRunsOnAfterASaveAndItsGateIsClosedUntilItIsOpened) {
  const auto saved = must(sidecar.save(Epoch{1}));
  EXPECT_FALSE(must(app.freezer().frozen()));
  EXPECT_TRUE(must(sidecar.gate().state()).closed);
  EXPECT_TRUE(must(sidecar.gate().state()).opens_in.has_value());
  must(next_numbers(app, app.out().text().size()));
  must(sidecar.gate().open());
  EXPECT_FALSE(must(sidecar.gate().state()).closed);
  EXPECT_GT(saved.timings.frozen, saved.timings.dump);
  EXPECT_GT(saved.timings.dump, Micros{0});
}

TEST_F(Cut, AfterARollbackTheGateIsClosedWithoutDeadlineUntilItIsOpened) {
  const auto saved = must(sidecar.save(Epoch{1}));
  must(sidecar.verify(saved));
  must(sidecar.put_back(saved.epoch));
  const auto state = must(sidecar.gate().state());
  EXPECT_TRUE(state.closed);
  EXPECT_FALSE(state.opens_in.has_value());
  must(sidecar.gate().open());
  EXPECT_FALSE(must(sidecar.gate().state()).closed);
}

TEST_F(Cut, EachOfSeveralCheckpointsCanBeGoneBackToInAnyOrder) {
  std::vector<protocol::LocalCheckpoint> saved;
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    saved.push_back(must(sidecar.save(Epoch{epoch})));
    must(sidecar.gate().open());
    must(next_numbers(app, app.out().text().size()));
  }
  for (const std::size_t which : {2U, 0U, 1U}) {
    roll_back(saved[which]);
    must(next_numbers(app, app.out().text().size()));
    const auto lines = stilled_file();
    EXPECT_EQ(lines, from_zero(lines.size())) << which;
  }
}

}  // namespace
}  // namespace cutline::test
