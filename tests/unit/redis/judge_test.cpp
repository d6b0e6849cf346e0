#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/workloads/redis/check.hpp"

namespace cutline::redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Ten keys acknowledged; both servers hold exactly those.
struct RedisJudge : testing::Test {
  WriterState writer{10, 10, 0, 0};
  ServerState primary{"primary", 10, 10, {}, "", 500};
  ServerState replica{"replica", 10, 10, {}, "up", 500};
  auto reasons() const { return judge(writer, {primary, replica}); }
};

TEST_F(RedisJudge, ExactlyTheAcknowledgedKeysAreRight) { EXPECT_THAT(reasons(), IsEmpty()); }

TEST_F(RedisJudge, AMissingKeyIsNamed) {
  primary.present = primary.keys = 9;
  primary.missing = {4};
  EXPECT_THAT(reasons(), ElementsAre(HasSubstr("primary: 1 of 10 keys missing or wrong: 4")));
}

TEST_F(RedisJudge, AKeyOfALaterTimeIsFound) {
  replica.keys = 12;
  EXPECT_THAT(reasons(), ElementsAre("replica: 2 keys that the writer does not know"));
}

TEST_F(RedisJudge, AConnectionThatWasMadeAnewIsFound) {
  writer.reconnects = 1;
  EXPECT_THAT(reasons(), ElementsAre("writer: connected again 1 times"));
}

TEST_F(RedisJudge, AReplicaThatLostItsPrimaryIsFound) {
  replica.link = "down";
  replica.offset = 400;
  EXPECT_THAT(reasons(),
              ElementsAre("replica: the link to the primary is down", "replica: at offset 400, the primary at 500"));
}

}  // namespace
}  // namespace cutline::redis
