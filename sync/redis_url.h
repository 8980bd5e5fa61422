// Where a Redis server is and as whom to log in, from a URL.
#ifndef TRIVET_SYNC_REDIS_URL_H_
#define TRIVET_SYNC_REDIS_URL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trivet::sync {

// Where a server listens.
struct ServerPlace {
  std::string host = {};  // a name or an address, without brackets; empty for a unix socket
  uint16_t port = 0;
  std::string path = {};  // of a unix socket; empty for TCP

  bool is_unix() const { return !path.empty(); }

  friend bool operator==(const ServerPlace&, const ServerPlace&) = default;
};

// Of a host and a port that somebody names; nothing if there can be no such place.
std::optional<ServerPlace> MakeServerPlace(std::string_view host, std::string_view port);

struct RedisUrl {
  // Of the server itself; see ServerPlace. All empty where sentinels are to be asked for it.
  std::string host = {};
  uint16_t port = 6379;
  std::string path = {};

  std::string user = {};  // empty: the default user
  std::string password = {};
  int database = 0;

  std::vector<ServerPlace> sentinels = {};
  std::string master = {};         // how they call the group of servers
  std::string sentinel_user = {};  // as whom to log in to them
  std::string sentinel_password = {};

  bool is_unix() const { return !path.empty(); }
  bool is_sentinel() const { return !sentinels.empty(); }
  ServerPlace place() const { return {.host = host, .port = port, .path = path}; }
  bool has_login() const { return !user.empty() || !password.empty(); }

  // What may be shown: "redis://host:6379/0", "unix:///path?db=0" or
  // "redis+sentinel://host:26379,other:26379/master/0". No user, no password.
  std::string Endpoint() const;
};

// One of
//
//   redis://[user[:password]@]host[:port][/database]
//   unix://[user[:password]@]/path[?db=database]        or redis+unix://
//   redis+sentinel://[user[:password]@]host[:port][,...]/master[/database][?option=value[&...]]
//   redis+sentinel://[user[:password]@]host[:port][,...][/database]?master=master[&...]
//
// The user is that of the server; the options sentinel_username and sentinel_password are for the
// sentinels, which have port 26379 by default. User, passwords, options and path may hold %XX.
// InvalidArgument names the part that is wrong and never repeats it, for it may be a password;
// Unimplemented for rediss:// and rediss+sentinel:// (TLS).
absl::StatusOr<RedisUrl> ParseRedisUrl(std::string_view url);

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_URL_H_
