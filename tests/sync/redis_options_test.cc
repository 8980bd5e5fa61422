#include "trivet/redis_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/support/status_matchers.h"

namespace trivet {
namespace {

using ::testing::StartsWith;
using trivet::testing::IsOk;
using trivet::testing::StatusIs;

TEST(RedisOptionsTest, TheDefaultsAreGood) { EXPECT_THAT(Validate(RedisOptions()), IsOk()); }

TEST(RedisOptionsTest, ErrorsNameTheField) {
  const struct {
    std::string field;
    std::function<void(RedisOptions&)> spoil;
  } cases[] = {
      {"connections:", [](auto& o) { o.connections = 0; }},
      {"connections:", [](auto& o) { o.connections = 65; }},
      {"prefix:", [](auto& o) { o.prefix = "a b"; }},
      {"prefix:", [](auto& o) { o.prefix = "{a}:"; }},
      {"prefix:", [](auto& o) { o.prefix = std::string(65, 'p'); }},
      {"client_name:", [](auto& o) { o.client_name = "a b"; }},
      {"client_name:", [](auto& o) { o.client_name = std::string(65, 'n'); }},
      {"connect_timeout:", [](auto& o) { o.connect_timeout = absl::ZeroDuration(); }},
      {"connect_timeout:", [](auto& o) { o.connect_timeout = absl::InfiniteDuration(); }},
      {"backoff_min:", [](auto& o) { o.backoff_min = -absl::Seconds(1); }},
      {"backoff_max:", [](auto& o) { o.backoff_max = absl::Hours(1); }},
      {"backoff_max:", [](auto& o) { o.backoff_max = absl::Milliseconds(1); }},
      {"abandoned_max:", [](auto& o) { o.abandoned_max = absl::ZeroDuration(); }},
      {"breaker_timeouts:", [](auto& o) { o.breaker_timeouts = 0; }},
      {"breaker_pause:", [](auto& o) { o.breaker_pause = absl::ZeroDuration(); }},
      {"reply_bytes_max:", [](auto& o) { o.reply_bytes_max = 0; }},
      {"reply_bytes_max:", [](auto& o) { o.reply_bytes_max = size_t{1} << 30; }},
  };
  for (const auto& [field, spoil] : cases) {
    RedisOptions options;
    spoil(options);
    EXPECT_THAT(Validate(options), StatusIs(absl::StatusCode::kInvalidArgument, StartsWith(field)));
  }
}

}  // namespace
}  // namespace trivet
