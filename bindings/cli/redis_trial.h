// Tries on a Redis server what a cache does there.
#ifndef TRIVET_BINDINGS_CLI_REDIS_TRIAL_H_
#define TRIVET_BINDINGS_CLI_REDIS_TRIAL_H_

#include <string>

#include "bindings/cli/redis_facts.h"
#include "sync/redis_client.h"

namespace trivet::cli {

// Fills in RedisFacts::values, messages and message_ns. Works in a namespace with a random name, of
// which nothing is left; `client` cleans up. REQUIRES: the URL is good.
void TryRedis(const std::string& url, sync::RedisClient& client, RedisFacts& facts);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_REDIS_TRIAL_H_
