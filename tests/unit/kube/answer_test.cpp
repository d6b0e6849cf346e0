#include "kube/answer.hpp"

#include <gtest/gtest.h>

#include "kube/backoff.hpp"

namespace cutline::kube {
namespace {

const HttpRequest request{"GET", "/api/v1/pods", "", ""};

TEST(AnAnswer, SaysWhatTheCallerShouldDo) {
  EXPECT_EQ(code_of(404), Code::NotFound);
  for (const int status : {409, 410, 412}) EXPECT_EQ(code_of(status), Code::Conflict) << status;
  for (const int status : {400, 413, 422}) EXPECT_EQ(code_of(status), Code::Invalid) << status;
  for (const int status : {401, 429, 500, 502, 503, 504}) EXPECT_EQ(code_of(status), Code::Unavailable) << status;
  for (const int status : {403, 405, 406, 415}) EXPECT_EQ(code_of(status), Code::Unsupported) << status;
}

TEST(AnAnswer, CarriesTheServersMessage) {
  const auto error = error_of(request, {404, R"({"kind":"Status","message":"pods \"x\" not found","code":404})", ""});
  EXPECT_EQ(error.message, "GET /api/v1/pods: pods \"x\" not found (HTTP 404)");
}

TEST(AnAnswer, OfAProxyIsQuotedByItsFirstLine) {
  EXPECT_EQ(message_of("bad gateway\n<html>"), "bad gateway");
  EXPECT_LE(message_of(std::string(5000, 'x')).size(), 1024U);
}

TEST(AnAnswer, ThatIsNotAnObjectIsCorrupt) {
  for (const auto* body : {"", "[]", "{", "3"})
    EXPECT_EQ(json_of(request, {200, body, ""}).error().code, Code::Corrupt) << body;
}

TEST(RetryAfter, IsReadInSecondsAndBounded) {
  EXPECT_EQ(retry_after({429, "", "3"}), Millis{3000});
  EXPECT_EQ(retry_after({429, "", "999999999"}), Millis{3'600'000});
  for (const auto* header : {"", "soon", "-1", "3x"}) EXPECT_EQ(retry_after({429, "", header}), std::nullopt) << header;
}

TEST(ABackOff, DoublesUpToItsLimitAndNeverOverflows) {
  const BackoffPolicy policy{Millis{100}, Millis{1000}};
  EXPECT_EQ(backoff(policy, 0), Millis{0});
  EXPECT_EQ(backoff(policy, 1), Millis{100});
  EXPECT_EQ(backoff(policy, 4), Millis{800});
  EXPECT_EQ(backoff(policy, 5), Millis{1000});
  EXPECT_EQ(backoff(policy, 4'000'000'000U), Millis{1000});
}

TEST(ABackOff, JitterTakesOffAQuarterAtMost) {
  const BackoffPolicy policy{Millis{1000}, Millis{1000}};
  EXPECT_EQ(backoff(policy, 1, 0.0), Millis{1000});
  EXPECT_GE(backoff(policy, 1, 0.999), Millis{750});
}

}  // namespace
}  // namespace cutline::kube
