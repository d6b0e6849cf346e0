#include "repository/address.hpp"

#include <gtest/gtest.h>

namespace cutline::repository {
namespace {

protocol::Repository at(const std::string& url) {
  return {.url = url, .password = "p", .access_key = "cutline", .secret_key = "a/b@c:%", .region = {}, .authority = {}};
}

TEST(TheAddress, OfARestServerHoldsItsKeysSoThatTheyCannotBeTakenForAPartOfIt) {
  EXPECT_EQ(address(at("rest:https://10.0.0.7:7078/")), "rest:https://cutline:a%2Fb%40c%3A%25@10.0.0.7:7078/");
  EXPECT_EQ(address(at("rest:https://[fd00::7]:7078/")), "rest:https://cutline:a%2Fb%40c%3A%25@[fd00::7]:7078/");
}

TEST(TheAddress, OfABucketDoesNot) { EXPECT_EQ(address(at("s3:https://host/b")), "s3:https://host/b"); }

TEST(TheAddress, IsAsItIsWhereThereAreNoKeys) {
  auto open = at("rest:https://host/");
  open.access_key.clear();
  EXPECT_EQ(address(open), "rest:https://host/");
}

}  // namespace
}  // namespace cutline::repository
