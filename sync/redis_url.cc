#include "sync/redis_url.h"

#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "engine/strings.h"

namespace trivet::sync {
namespace {

using engine::ToAbsl;

constexpr size_t kUrlBytesMax = 4096;
constexpr size_t kHostBytesMax = 255;  // the longest name that DNS knows
constexpr size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kDatabaseMax = 65'535;  // servers have 16 by default
constexpr uint16_t kSentinelPort = 26'379;
constexpr size_t kSentinelsMax = 16;  // three or five are usual; each costs an attempt
constexpr size_t kMasterBytesMax = 255;

absl::Status Wrong(std::string_view part, std::string_view how) {
  return absl::InvalidArgumentError("redis URL: " + std::string(part) + ": " + std::string(how));
}

// What stands before the first `mark`, which is taken away with it; everything if there is none.
std::string_view TakeUntil(std::string_view& text, char mark) {
  const size_t at = text.find(mark);
  const std::string_view before = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return before;
}

bool TakeScheme(std::string_view& text, std::string_view scheme) {
  if (!absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(scheme))) return false;
  text.remove_prefix(scheme.size());
  return true;
}

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return std::nullopt;
}

absl::StatusOr<std::string> Decode(std::string_view part, std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto high = i + 2 < text.size() ? HexDigit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? HexDigit(text[i + 2]) : std::nullopt;
      if (!high || !low) return Wrong(part, "% must be followed by two hexadecimal digits");
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    }
    if (c == '\0') return Wrong(part, "contains a zero byte");
    decoded += c;
  }
  return decoded;
}

std::optional<int> Number(std::string_view text, int max) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number < 0 || number > max) return std::nullopt;
  return number;
}

// Takes "user:password@" away, if it is there. Passwords that are not encoded may hold an '@'.
absl::Status TakeLogin(std::string_view& authority, RedisUrl& url) {
  const size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return absl::OkStatus();
  std::string_view login = authority.substr(0, at);
  authority.remove_prefix(at + 1);
  absl::StatusOr<std::string> user = Decode("user", TakeUntil(login, ':'));
  if (!user.ok()) return user.status();
  absl::StatusOr<std::string> password = Decode("password", login);
  if (!password.ok()) return password.status();
  url.user = *std::move(user);
  url.password = *std::move(password);
  return absl::OkStatus();
}

absl::Status ParseDatabase(std::string_view text, RedisUrl& url) {
  const std::optional<int> database = Number(text, kDatabaseMax);
  if (!database) return Wrong("database", "must be a number, 0 to 65535");
  url.database = *database;
  return absl::OkStatus();
}

bool IsAddressCharacter(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.';
}

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

// `into_port` holds the default one.
absl::Status ParseHostAndPort(std::string_view text, std::string& into, uint16_t& into_port) {
  std::string_view host;
  std::optional<std::string_view> port;
  bool (*allowed)(char) = &IsNameCharacter;
  if (!text.empty() && text.front() == '[') {
    text.remove_prefix(1);
    if (text.find(']') == std::string_view::npos) return Wrong("host", "[ without ]");
    host = TakeUntil(text, ']');
    allowed = &IsAddressCharacter;
    if (!text.empty() && text.front() != ':') return Wrong("host", "] is followed by more");
    if (!text.empty()) port = text.substr(1);
  } else {
    const bool has_port = text.find(':') != std::string_view::npos;
    host = TakeUntil(text, ':');
    if (has_port) port = text;
  }
  if (host.empty()) return Wrong("host", "is missing");
  if (host.size() > kHostBytesMax) return Wrong("host", "is too long");
  if (!std::all_of(host.begin(), host.end(), allowed)) {
    return Wrong("host", "has characters that no host has; IPv6 addresses go into [ ]");
  }
  into = host;
  if (!port) return absl::OkStatus();
  const std::optional<int> number = Number(*port, 65'535);
  if (!number || *number == 0) return Wrong("port", "must be a number, 1 to 65535");
  into_port = static_cast<uint16_t>(*number);
  return absl::OkStatus();
}

absl::StatusOr<RedisUrl> ParseTcp(std::string_view text) {
  RedisUrl url;
  // A password that is not encoded may hold a '/', too: the login ends at the last '@'.
  if (absl::Status status = TakeLogin(text, url); !status.ok()) return status;
  if (text.find_first_of("?#") != std::string_view::npos) {
    return Wrong("query", "there is none for redis://");
  }
  const absl::Status status = ParseHostAndPort(TakeUntil(text, '/'), url.host, url.port);
  if (!status.ok()) return status;
  if (text.empty()) return url;
  const absl::Status database = ParseDatabase(text, url);
  if (!database.ok()) return database;
  return url;
}

absl::StatusOr<RedisUrl> ParseUnix(std::string_view text) {
  RedisUrl url;
  const size_t slash = text.find('/');
  std::string_view authority = text.substr(0, slash);
  if (absl::Status status = TakeLogin(authority, url); !status.ok()) return status;
  if (!authority.empty()) return Wrong("host", "a unix socket has none: write unix:///path");
  if (slash == std::string_view::npos) return Wrong("path", "is missing");
  std::string_view query = text.substr(slash);
  absl::StatusOr<std::string> path = Decode("path", TakeUntil(query, '?'));
  if (!path.ok()) return path.status();
  if (path->size() > kPathBytesMax) return Wrong("path", "is longer than unix sockets allow");
  url.path = *std::move(path);
  if (query.empty()) return url;
  if (!TakeScheme(query, "db=")) return Wrong("query", "only db=NUMBER is known");
  if (absl::Status status = ParseDatabase(query, url); !status.ok()) return status;
  return url;
}

absl::Status ParseSentinelOption(std::string_view option, RedisUrl& url) {
  const std::string_view name = TakeUntil(option, '=');
  std::string* into = nullptr;
  if (name == "master") into = &url.master;
  if (name == "sentinel_username") into = &url.sentinel_user;
  if (name == "sentinel_password") into = &url.sentinel_password;
  if (into == nullptr) {
    return Wrong("query", "only master, sentinel_username and sentinel_password are known");
  }
  absl::StatusOr<std::string> value = Decode(name, option);
  if (!value.ok()) return value.status();
  *into = *std::move(value);
  return absl::OkStatus();
}

// Several hosts, and a path or an option that says how they call the primary.
absl::StatusOr<RedisUrl> ParseSentinel(std::string_view text) {
  RedisUrl url;
  std::string_view place = TakeUntil(text, '?');
  while (!text.empty()) {
    const absl::Status status = ParseSentinelOption(TakeUntil(text, '&'), url);
    if (!status.ok()) return status;
  }
  if (absl::Status status = TakeLogin(place, url); !status.ok()) return status;
  std::string_view hosts = TakeUntil(place, '/');
  bool more = true;
  while (more) {
    if (url.sentinels.size() == kSentinelsMax) return Wrong("host", "more than 16 sentinels");
    more = hosts.find(',') != std::string_view::npos;
    ServerPlace sentinel{.port = kSentinelPort};
    const absl::Status status =
        ParseHostAndPort(TakeUntil(hosts, ','), sentinel.host, sentinel.port);
    if (!status.ok()) return status;
    url.sentinels.push_back(std::move(sentinel));
  }
  if (url.master.empty()) url.master = TakeUntil(place, '/');
  if (url.master.empty()) {
    return Wrong("master", "is missing: write its name after the hosts, behind a /");
  }
  if (url.master.size() > kMasterBytesMax ||
      !std::all_of(url.master.begin(), url.master.end(), &IsNameCharacter)) {
    return Wrong("master", "must be up to 255 letters, digits, '.', '-' and '_'");
  }
  if (place.empty()) return url;
  if (absl::Status status = ParseDatabase(place, url); !status.ok()) return status;
  return url;
}

std::string HostAndPort(const std::string& host, uint16_t port) {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

std::optional<ServerPlace> MakeServerPlace(std::string_view host, std::string_view port) {
  const auto allowed = [](char c) { return IsNameCharacter(c) || IsAddressCharacter(c); };
  const std::optional<int> number = Number(port, 65'535);
  if (host.empty() || host.size() > kHostBytesMax || !number || *number == 0 ||
      !std::all_of(host.begin(), host.end(), allowed)) {
    return std::nullopt;
  }
  return ServerPlace{.host = std::string(host), .port = static_cast<uint16_t>(*number)};
}

std::string RedisUrl::Endpoint() const {
  const std::string number = std::to_string(database);
  if (is_unix()) return "unix://" + path + "?db=" + number;
  if (!is_sentinel()) return "redis://" + HostAndPort(host, port) + "/" + number;
  std::string hosts;
  for (const ServerPlace& sentinel : sentinels) {
    if (!hosts.empty()) hosts += ',';
    hosts += HostAndPort(sentinel.host, sentinel.port);
  }
  return "redis+sentinel://" + hosts + "/" + master + "/" + number;
}

absl::StatusOr<RedisUrl> ParseRedisUrl(std::string_view url) {
  if (url.size() > kUrlBytesMax) return Wrong("length", "more than 4096 bytes");
  if (TakeScheme(url, "redis://")) return ParseTcp(url);
  if (TakeScheme(url, "unix://") || TakeScheme(url, "redis+unix://")) return ParseUnix(url);
  if (TakeScheme(url, "redis+sentinel://")) return ParseSentinel(url);
  if (TakeScheme(url, "rediss://") || TakeScheme(url, "rediss+sentinel://")) {
    return absl::UnimplementedError(
        "redis URL: rediss: no TLS yet; use redis:// or unix://, or a TLS tunnel");
  }
  return Wrong("scheme", "must be redis://, unix://, redis+unix:// or redis+sentinel://");
}

}  // namespace trivet::sync
