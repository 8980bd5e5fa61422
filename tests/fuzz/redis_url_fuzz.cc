// The URL of a Redis server: whatever the bytes, the parser ends, says which part is wrong without
// repeating it, and what it accepts fits into a socket address and a command.

#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/check.h"
#include "sync/handshake.h"
#include "sync/redis_url.h"
#include "sync/sentinel_query.h"
#include "sync/socket.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using trivet::sync::RedisUrl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<RedisUrl> url = trivet::sync::ParseRedisUrl(text);
  if (!url.ok()) {
    TRIVET_CHECK(!url.status().message().empty(), "an error without words");
    return 0;
  }
  TRIVET_CHECK(int{url->is_unix()} + int{url->is_sentinel()} + int{!url->host.empty()} == 1,
               "not one of host, path and sentinels");
  if (url->is_unix()) (void)trivet::sync::SocketAddress::OfPath(url->path);
  (void)trivet::sync::Handshake(*url, "");
  if (url->is_sentinel()) (void)trivet::sync::SentinelQuery(*url);
  // What may be shown is the same place without the login.
  RedisUrl shown = *url;
  shown.user.clear();
  shown.password.clear();
  shown.sentinel_user.clear();
  shown.sentinel_password.clear();
  if (url->path.find_first_of("%?") == std::string::npos) {
    const absl::StatusOr<RedisUrl> again = trivet::sync::ParseRedisUrl(shown.Endpoint());
    TRIVET_CHECK(again.ok() && again->host == url->host && again->port == url->port &&
                     again->path == url->path && again->database == url->database &&
                     again->sentinels == url->sentinels && again->master == url->master,
                 "the endpoint is another place");
  }
  return 0;
}
