// Where a Redis server is and as whom to log in, from a URL.
#ifndef TRIVET_SYNC_REDIS_URL_H_
#define TRIVET_SYNC_REDIS_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivet::sync {

struct RedisUrl {
  std::string host = {};  // a name or an address, without brackets; empty for a unix socket
  uint16_t port = 6379;
  std::string path = {};  // of a unix socket; empty for TCP
  std::string user = {};  // empty: the default user
  std::string password = {};
  int database = 0;

  bool is_unix() const { return !path.empty(); }
  bool has_login() const { return !user.empty() || !password.empty(); }

  // What may be shown: "redis://host:6379/0" or "unix:///path?db=0". No user, no password.
  std::string Endpoint() const;
};

// One of
//
//   redis://[user[:password]@]host[:port][/database]
//   unix://[user[:password]@]/path[?db=database]        or redis+unix://
//
// User, password and path may hold %XX. InvalidArgument names the part that is wrong and never
// repeats it, for it may be a password; Unimplemented for rediss:// (TLS).
absl::StatusOr<RedisUrl> ParseRedisUrl(std::string_view url);

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_URL_H_
