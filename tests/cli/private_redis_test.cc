#include "bindings/cli/private_redis.h"

#include <optional>
#include <string>
#include <utility>

#include "bindings/cli/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/redis_client.h"
#include "tests/support/status_matchers.h"

namespace trivet::cli {
namespace {

using testing::IsOk;
using ::testing::Not;

bool Answers(const std::string& url) {
  auto client = sync::RedisClient::Open({.url = url});
  return client.ok() && (*client)->Call({"PING"}, (*client)->In(absl::Seconds(30))).ok();
}

TEST(PrivateRedis, StartsAgainAfterItWasKilled) {
  auto folder = TemporaryFolder::Create();
  ASSERT_THAT(folder, IsOk());
  auto redis = PrivateRedis::In(folder->path());
  ASSERT_THAT(redis, IsOk());
  EXPECT_FALSE(Answers(redis->url()));
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_THAT(redis->Start(), IsOk());
    EXPECT_TRUE(Answers(redis->url()));
    redis->Kill();
    EXPECT_FALSE(Answers(redis->url()));
  }
}

TEST(PrivateRedis, OneThatDoesNotComeUpIsAnError) {
  auto redis = PrivateRedis::In("/nowhere");
  ASSERT_THAT(redis, IsOk());
  EXPECT_THAT(redis->Start(), Not(IsOk()));
}

}  // namespace
}  // namespace trivet::cli
