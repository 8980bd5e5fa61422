// What can be found out about a Redis server by asking and trying.
#ifndef TRIVET_BINDINGS_CLI_REDIS_FACTS_H_
#define TRIVET_BINDINGS_CLI_REDIS_FACTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bindings/cli/latency_histogram.h"

namespace trivet::cli {

// Fields as the server names them: "maxmemory_policy" is "noeviction".
using RedisFields = std::map<std::string, std::string>;

struct RedisFacts {
  std::string endpoint = {};  // without login

  // Not OK: the server does not let us in, and nothing else is known.
  absl::Status connection = absl::OkStatus();

  RedisFields info = {};    // empty: we may not ask
  RedisFields config = {};  // the same

  std::string user = {};                        // empty: we may not ask
  bool rights_are_known = false;                // of this user
  std::vector<std::string> not_permitted = {};  // commands that trivet needs

  LatencyHistogram ping_ns = {};  // one after the other, on one connection

  // What was tried. A value goes there, is read and invalidated, in a namespace of its own that is
  // gone afterwards; and the message of that comes back.
  absl::Status script = absl::OkStatus();
  absl::Status values = absl::OkStatus();
  absl::Status messages = absl::OkStatus();
  uint64_t message_ns = 0;  // from the change to its message
};

// Takes a second at most where the server is well. InvalidArgument for a URL that cannot be used,
// without any part of it; all else is a fact.
absl::StatusOr<RedisFacts> ExamineRedis(const std::string& url);

// "name:value" lines, as INFO has them.
RedisFields ParseRedisInfo(const std::string& text);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_REDIS_FACTS_H_
