// How to reach a Redis server, and how long to put up with it.
#ifndef TRIVET_REDIS_OPTIONS_H_
#define TRIVET_REDIS_OPTIONS_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace trivet {

class Clock;

// Redis 7.0 or newer, or Valkey. See docs/redis.md.
struct RedisOptions {
  // "redis://[user[:password]@]host[:port][/database]", "unix:///path[?db=database]", or, where
  // sentinels know the server, "redis+sentinel://[user[:password]@]host[:port],.../master".
  std::string url = "redis://127.0.0.1:6379";

  // In front of all names in Redis, those of values, locks and channels. Programs that share a
  // server and a database without sharing a store must have different ones, or would read each
  // other's values. Up to 64 printable characters without spaces and braces.
  std::string prefix = "";

  // Connections that all threads share; each carries the requests of many. 1 to 64. With two, the
  // server works for one while the other is being served; more than that make smaller batches.
  size_t connections = 2;

  // How the connections call themselves in CLIENT LIST. Up to 64 printable characters without
  // spaces; empty: they do not.
  std::string client_name = "trivet";

  // From the first packet to a server, or sentinel, that has let us in. More than zero, at most a
  // minute.
  absl::Duration connect_timeout = absl::Seconds(1);

  // Between two attempts to connect: doubled from the first to the second with every failure, with
  // a jitter of a half. More than zero, at most ten minutes.
  absl::Duration backoff_min = absl::Milliseconds(50);
  absl::Duration backoff_max = absl::Seconds(5);

  // A request that somebody gave up waiting for may block those behind it for so long; then the
  // connection is closed. More than zero, at most ten minutes.
  absl::Duration abandoned_max = absl::Seconds(1);

  // After so many timeouts in a row nothing is sent to the server any more, except a PING now and
  // then, until it answers. 1 to 1000.
  int breaker_timeouts = 3;
  // How often that PING is sent. More than zero, at most ten minutes.
  absl::Duration breaker_pause = absl::Milliseconds(500);

  // The largest reply that is accepted, in bytes, bookkeeping included. 1 KiB to 512 MiB. A server
  // that sends more is cut off.
  size_t reply_bytes_max = 64 << 20;

  // Null: the system's. Must outlive what is opened with it.
  Clock* clock = nullptr;
};

// InvalidArgument naming the field, or OK. The URL is checked where it is used.
absl::Status Validate(const RedisOptions& options);

}  // namespace trivet

#endif  // TRIVET_REDIS_OPTIONS_H_
