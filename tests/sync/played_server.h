// A Redis server whose faults and whose time are a test's to make.
#ifndef TRIVET_TESTS_SYNC_PLAYED_SERVER_H_
#define TRIVET_TESTS_SYNC_PLAYED_SERVER_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "sync/redis_client.h"
#include "sync/reply.h"
#include "tests/sync/redis_server.h"

namespace trivet::testing {

// Where locks keep when their grace ends, which is a time, too.
inline constexpr char kLocksHash[] = "tv1:{locks}:m";

class PlayedServer {
 public:
  PlayedServer() {
    auto client = sync::RedisClient::Open(Reached({}));
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  // The options with the server's URL, and such that its restart is noticed soon.
  RedisOptions Reached(RedisOptions options) const {
    options.url = server_.UnixUrl();
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(2);
    return options;
  }

  sync::Reply Do(std::initializer_list<std::string_view> words) {
    auto reply = client_->Call(words, client_->In(kLong));
    EXPECT_TRUE(reply.ok()) << *words.begin() << ": " << reply.status();
    return reply.ok() ? *std::move(reply) : sync::Reply{};
  }

  void Flush() { Do({"FLUSHALL"}); }
  // A server reads its file when it starts, and has another run_id then.
  void TakeSnapshot() { Do({"SAVE"}); }
  void FailOver() {
    server_.Kill();
    server_.Start();
  }
  void SetFull(bool full) { Do({"CONFIG", "SET", "maxmemory", full ? "1" : "0"}); }
  void Age(absl::Duration by) {
    const int64_t millis = absl::ToInt64Milliseconds(by);
    for (const sync::Reply& name : Do({"KEYS", "*"}).elements) {
      if (name.text == kLocksHash) {
        Do({"HINCRBY", name.text, "grace", std::to_string(-millis)});
        continue;
      }
      const int64_t left = Do({"PTTL", name.text}).integer;
      if (left < 0) continue;
      Do({"PEXPIRE", name.text, std::to_string(left - millis)});  // at once if that is negative
    }
  }

  RedisServer& server() { return server_; }

 private:
  RedisServer server_;
  std::unique_ptr<sync::RedisClient> client_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SYNC_PLAYED_SERVER_H_
