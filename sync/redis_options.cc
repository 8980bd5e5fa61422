#include "trivet/redis_options.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "engine/strings.h"

namespace trivet {
namespace {

constexpr size_t kConnectionsMax = 64;
constexpr size_t kPrefixBytesMax = 64;
constexpr size_t kClientNameBytesMax = 64;
constexpr int kBreakerTimeoutsMax = 1000;
constexpr size_t kReplyBytesLeast = 1 << 10;
constexpr size_t kReplyBytesMost = 512 << 20;  // of a string in Redis

absl::Status Wrong(std::string_view field, std::string_view allowed) {
  const std::string message = std::string(field) + ": must be " + std::string(allowed);
  return absl::InvalidArgumentError(engine::ToAbsl(message));
}

bool Within(absl::Duration duration, absl::Duration most) {
  return duration > absl::ZeroDuration() && duration <= most;
}

// Braces would decide about the slot in a cluster.
bool IsPrefix(std::string_view prefix) {
  return prefix.size() <= kPrefixBytesMax && std::all_of(prefix.begin(), prefix.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '{' && c != '}';
         });
}

bool IsClientName(std::string_view name) {
  return name.size() <= kClientNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c));
         });
}

}  // namespace

absl::Status Validate(const RedisOptions& options) {
  constexpr absl::Duration kMost = absl::Minutes(10);
  constexpr std::string_view kMostText = "more than zero, at most ten minutes";
  if (!IsPrefix(options.prefix)) {
    return Wrong("prefix", "up to 64 printable characters without spaces and braces");
  }
  if (options.connections < 1 || options.connections > kConnectionsMax) {
    return Wrong("connections", "1 to 64");
  }
  if (!IsClientName(options.client_name)) {
    return Wrong("client_name", "up to 64 printable characters without spaces");
  }
  if (!Within(options.connect_timeout, absl::Minutes(1))) {
    return Wrong("connect_timeout", "more than zero, at most a minute");
  }
  if (!Within(options.backoff_min, kMost)) return Wrong("backoff_min", kMostText);
  if (!Within(options.backoff_max, kMost)) return Wrong("backoff_max", kMostText);
  if (options.backoff_max < options.backoff_min) {
    return Wrong("backoff_max", "at least backoff_min");
  }
  if (!Within(options.abandoned_max, kMost)) return Wrong("abandoned_max", kMostText);
  if (options.breaker_timeouts < 1 || options.breaker_timeouts > kBreakerTimeoutsMax) {
    return Wrong("breaker_timeouts", "1 to 1000");
  }
  if (!Within(options.breaker_pause, kMost)) return Wrong("breaker_pause", kMostText);
  if (options.reply_bytes_max < kReplyBytesLeast || options.reply_bytes_max > kReplyBytesMost) {
    return Wrong("reply_bytes_max", "1 KiB to 512 MiB");
  }
  return absl::OkStatus();
}

}  // namespace trivet
