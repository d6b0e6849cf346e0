// The admission API around the injection.
#include "operator/webhook/review.hpp"

#include <gmock/gmock.h>

#include "operator/webhook/base64.hpp"

namespace cutline::op::webhook {
namespace {

using testing::HasSubstr;

const Settings settings{"sidecar", "Always", "host", "pem"};

Json review_of(const Json& pod) {
  return {{"apiVersion", "admission.k8s.io/v1"},
          {"kind", "AdmissionReview"},
          {"request", {{"uid", "review-7"}, {"object", pod}}}};
}

Json response_to(const Json& pod) {
  const auto out = review(review_of(pod).dump(), settings);
  if (!out) throw std::runtime_error(out.error().message);
  const auto answer = Json::parse(out->body);
  EXPECT_EQ(answer["apiVersion"], "admission.k8s.io/v1");
  EXPECT_EQ(answer["kind"], "AdmissionReview");
  EXPECT_EQ(answer["response"]["uid"], "review-7");
  EXPECT_EQ(answer["response"]["allowed"], out->allowed);
  return answer["response"];
}

Json pod_of(const Json& container) { return {{"metadata", {{"name", "p"}}}, {"spec", {{"containers", {container}}}}}; }

TEST(AReview, AnswersWithAPatchThatGivesTheInjectedPod) {
  const auto pod = pod_of({{"name", "server"}, {"command", {"/server"}}});
  const auto response = response_to(pod);
  EXPECT_EQ(response["allowed"], true);
  EXPECT_EQ(response["patchType"], "JSONPatch");
  const auto patch = Json::parse(from_base64(response["patch"].get<std::string>()).value());
  EXPECT_EQ(pod.patch(patch), inject(pod, settings)->pod);
}

TEST(AReview, OfAPodThatHasTheSidecarAnswersWithAnEmptyPatch) {
  const auto pod = inject(pod_of({{"name", "server"}, {"command", {"/server"}}}), settings)->pod;
  EXPECT_EQ(from_base64(response_to(pod)["patch"].get<std::string>()).value(), "[]");
}

TEST(AReview, PassesWarningsOnToTheUser) {
  const auto response =
      response_to(pod_of({{"name", "server"}, {"command", {"/server"}}, {"livenessProbe", {{"periodSeconds", 1}}}}));
  EXPECT_THAT(response["warnings"][0].get<std::string>(), HasSubstr("liveness probe"));
}

TEST(AReview, OfAPodThatCannotTakePartIsRefusedWithTheReason) {
  const auto response = response_to(pod_of({{"name", "redis"}}));
  EXPECT_EQ(response["allowed"], false);
  EXPECT_EQ(response["status"]["code"], 422);
  EXPECT_THAT(response["status"]["message"].get<std::string>(), HasSubstr("cutline: container redis has no command"));
  EXPECT_FALSE(response.contains("patch"));
}

TEST(AReview, ThatIsNoneIsInvalid) {
  for (const auto* body : {"", "{", "[]", "{}", R"({"request": {"uid": "u"}})"})
    EXPECT_EQ(review(body, settings).error().code, Code::Invalid);
}

}  // namespace
}  // namespace cutline::op::webhook
