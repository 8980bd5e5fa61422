#include "sync/handshake.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "engine/check.h"
#include "sync/redis_status.h"

namespace trivet::sync {
namespace {

constexpr int kMajorVersionLeast = 7;  // SET with NX and GET, scripts with allow-oom

// The value of a line "name:value" of INFO; empty if there is none.
std::string_view FieldOf(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const size_t end = info.find("\r\n");
    std::string_view line = info.substr(0, end);
    info.remove_prefix(end == std::string_view::npos ? info.size() : end + 2);
    if (line.substr(0, name.size()) != name) continue;
    line.remove_prefix(name.size());
    if (!line.empty() && line.front() == ':') return line.substr(1);
  }
  return {};
}

// What a server says of itself goes into messages, so it must look like a version.
bool IsVersion(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

uint64_t ServerNumber(std::string_view run_id) {
  return run_id.empty() ? 0 : std::max<uint64_t>(XXH3_64bits(run_id.data(), run_id.size()), 1);
}

Handshake::Handshake(const RedisUrl& url, const std::string& client_name) {
  const auto add = [this](Step step, std::initializer_list<std::string_view> arguments) {
    steps_.push_back(step);
    TRIVET_CHECK(commands_.Add(arguments).ok(), "a URL fits into a command");
  };
  if (!url.user.empty()) {
    add(Step::kLogIn, {"AUTH", url.user, url.password});
  } else if (!url.password.empty()) {
    add(Step::kLogIn, {"AUTH", url.password});
  }
  if (url.database != 0) add(Step::kSelect, {"SELECT", std::to_string(url.database)});
  if (!client_name.empty()) add(Step::kSetName, {"CLIENT", "SETNAME", client_name});
  add(Step::kInfo, {"INFO", "server"});
  if (url.is_sentinel()) add(Step::kRole, {"ROLE"});
}

void Handshake::Restart() {
  answered_ = 0;
  server_ = {};
}

absl::Status Handshake::Take(const Reply& reply) {
  const Step step = steps_[answered_++];
  const absl::Status status = StatusOf(reply);
  switch (step) {
    case Step::kLogIn:
    case Step::kSelect:
      return status;
    case Step::kSetName:
      // A name is a courtesy; a user without the right to give one may still work.
      return KindOf(status) == RedisError::kNoPermission ? absl::OkStatus() : status;
    case Step::kInfo:
      if (KindOf(status) == RedisError::kNoPermission) return absl::OkStatus();
      return status.ok() ? TakeInfo(reply) : status;
    case Step::kRole:
      // Without the right to ask, the first write tells.
      if (KindOf(status) == RedisError::kNoPermission) return absl::OkStatus();
      return status.ok() ? TakeRole(reply) : status;
  }
  return absl::OkStatus();
}

absl::Status Handshake::TakeInfo(const Reply& reply) {
  const std::string_view version = FieldOf(reply.text, "redis_version");
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (!reply.is_string() || !IsVersion(version)) {
    return MakeRedisStatus(RedisError::kProtocol, Executed::kNo, "INFO names no version");
  }
  if (major < kMajorVersionLeast) {
    return MakeRedisStatus(RedisError::kTooOld, Executed::kNo,
                           "the server has version " + std::string(version) +
                               "; trivet needs Redis 7.0 or newer, or Valkey");
  }
  server_.version = version;
  server_.run_id = FieldOf(reply.text, "run_id");
  return absl::OkStatus();
}

// ["master" or something else, ...].
absl::Status Handshake::TakeRole(const Reply& reply) {
  const std::vector<Reply>& fields = reply.elements;
  if (!reply.is_array() || fields.empty() || !fields[0].is_string()) {
    return MakeRedisStatus(RedisError::kProtocol, Executed::kNo, "ROLE names no role");
  }
  if (fields[0].text == "master") return absl::OkStatus();
  return MakeRedisStatus(RedisError::kReadOnly, Executed::kNo, "the server is not a primary");
}

}  // namespace trivet::sync
