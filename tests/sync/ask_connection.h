// A connection to a server, and few words for what it is asked.
#ifndef TRIVET_TESTS_SYNC_ASK_CONNECTION_H_
#define TRIVET_TESTS_SYNC_ASK_CONNECTION_H_

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/command.h"
#include "sync/redis_connection.h"
#include "sync/redis_url.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::testing {

using Replies = absl::StatusOr<std::vector<sync::Reply>>;

inline absl::Duration In(absl::Duration timeout) { return Clock::System()->Elapsed() + timeout; }

inline std::unique_ptr<sync::RedisConnection> Open(const std::string& url,
                                                   RedisOptions options = {}) {
  const auto parsed = sync::ParseRedisUrl(url);
  EXPECT_THAT(parsed, IsOk());
  options.backoff_min = absl::Milliseconds(1);
  options.backoff_max = absl::Milliseconds(2);
  return std::make_unique<sync::RedisConnection>(*parsed, options);
}

inline sync::Commands Of(std::initializer_list<std::initializer_list<std::string_view>> all) {
  sync::Commands commands;
  for (const auto& words : all) EXPECT_THAT(commands.Add(words), IsOk());
  return commands;
}

inline Replies Ask(sync::RedisConnection& connection, std::initializer_list<std::string_view> words,
                   absl::Duration timeout = kLong) {
  return connection.Call(Of({words}), In(timeout));
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_ASK_CONNECTION_H_
