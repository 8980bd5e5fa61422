#include "sync/redis_status.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "engine/strings.h"

namespace trivet::sync {
namespace {

using engine::ToAbsl;

constexpr char kPayloadName[] = "trivet.sync.redis";
constexpr std::string_view kPrefix = "redis: ";  // of all messages
constexpr size_t kCodeBytesMax = 20;
constexpr size_t kWordsBytesMax = 80;

struct Row {
  RedisError kind;
  std::string_view code;  // of the reply
  absl::StatusCode status;
  std::string_view meaning;
  Executed executed = Executed::kNo;  // most are refusals before anything runs
};

constexpr Row kRows[] = {
    {RedisError::kNotLoggedIn, "NOAUTH", absl::StatusCode::kUnauthenticated,
     "the server asks for a password"},
    {RedisError::kNotLoggedIn, "WRONGPASS", absl::StatusCode::kUnauthenticated,
     "wrong user or password"},
    {RedisError::kNoPermission, "NOPERM", absl::StatusCode::kPermissionDenied,
     "the user has no right to this command, key or channel"},
    {RedisError::kReadOnly, "READONLY", absl::StatusCode::kUnavailable,
     "the server is a replica and takes no writes"},
    {RedisError::kOutOfMemory, "OOM", absl::StatusCode::kResourceExhausted,
     "the server has no memory left for writes"},
    {RedisError::kLoading, "LOADING", absl::StatusCode::kUnavailable,
     "the server is loading its data"},
    {RedisError::kBusy, "BUSY", absl::StatusCode::kUnavailable, "the server is running a script"},
    {RedisError::kMoved, "MOVED", absl::StatusCode::kUnavailable,
     "the slot belongs to another node of the cluster; clusters are not supported yet"},
    {RedisError::kAsk, "ASK", absl::StatusCode::kUnavailable,
     "the slot is moving to another node of the cluster; clusters are not supported yet"},
    {RedisError::kTryAgain, "TRYAGAIN", absl::StatusCode::kUnavailable,
     "the keys are moving to another node of the cluster"},
    {RedisError::kClusterDown, "CLUSTERDOWN", absl::StatusCode::kUnavailable,
     "the cluster is down"},
    {RedisError::kMasterDown, "MASTERDOWN", absl::StatusCode::kUnavailable,
     "the server is a replica that has lost its primary"},
    {RedisError::kNoReplicas, "NOREPLICAS", absl::StatusCode::kUnavailable,
     "the server has too few replicas to take writes"},
    {RedisError::kMisconfigured, "MISCONF", absl::StatusCode::kUnavailable,
     "the server cannot save its data and takes no writes"},
    {RedisError::kNoScript, "NOSCRIPT", absl::StatusCode::kNotFound,
     "the server does not know the script"},
    {RedisError::kWrongType, "WRONGTYPE", absl::StatusCode::kFailedPrecondition,
     "the key holds a value of another type", Executed::kMaybe},
};

absl::StatusCode CodeOf(RedisError kind) {
  switch (kind) {
    case RedisError::kNone:
      return absl::StatusCode::kOk;
    case RedisError::kOther:
      return absl::StatusCode::kUnknown;
    case RedisError::kUnreachable:
    case RedisError::kDisconnected:
    case RedisError::kBreakerOpen:
      return absl::StatusCode::kUnavailable;
    case RedisError::kTimeout:
      return absl::StatusCode::kDeadlineExceeded;
    case RedisError::kProtocol:
      return absl::StatusCode::kInternal;
    case RedisError::kOverloaded:
      return absl::StatusCode::kResourceExhausted;
    case RedisError::kTooOld:
    case RedisError::kUnknownMaster:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return std::find_if(std::begin(kRows), std::end(kRows),
                          [kind](const Row& row) { return row.kind == kind; })
          ->status;
  }
}

// The first word, if it looks like a code: anything else may be data.
std::string_view CodeIn(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  const bool is_code = !word.empty() && word.size() <= kCodeBytesMax &&
                       std::all_of(word.begin(), word.end(), [](char c) {
                         return absl::ascii_isupper(static_cast<unsigned char>(c)) || c == '_';
                       });
  return is_code ? word : std::string_view();
}

// Servers put what came from the client into quotes, and a script's error behind a colon.
std::string WordsAfter(std::string_view code, std::string_view text) {
  text.remove_prefix(code.size());
  text = text.substr(0, std::min(text.find_first_of("'\"`:(@/\\"), kWordsBytesMax));
  std::string words(engine::ToStd(absl::StripAsciiWhitespace(ToAbsl(text))));
  const bool readable = std::all_of(words.begin(), words.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  });
  return readable ? words : std::string();
}

void SetPayload(RedisError kind, Executed executed, absl::Status& status) {
  const char payload[] = {static_cast<char>(kind), static_cast<char>(executed)};
  status.SetPayload(kPayloadName, absl::Cord(absl::string_view(payload, sizeof(payload))));
}

}  // namespace

absl::Status MakeRedisStatus(RedisError kind, Executed executed, std::string_view message) {
  const std::string text = std::string(kPrefix) + std::string(message);
  absl::Status status(CodeOf(kind), ToAbsl(text));
  SetPayload(kind, executed, status);
  return status;
}

absl::Status NotExecuted(const absl::Status& status) {
  absl::Status copy = status;
  SetPayload(KindOf(status), Executed::kNo, copy);
  return copy;
}

absl::Status WithContext(std::string_view words, const absl::Status& status) {
  std::string_view message = engine::ToStd(status.message());
  if (message.substr(0, kPrefix.size()) == kPrefix) message.remove_prefix(kPrefix.size());
  const std::string text = std::string(kPrefix) + std::string(words) + std::string(message);
  absl::Status with(status.code(), ToAbsl(text));
  status.ForEachPayload([&with](absl::string_view name, const absl::Cord& payload) {
    with.SetPayload(name, payload);
  });
  return with;
}

absl::Status Unshared(const absl::Status& status) {
  absl::Status copy(status.code(), status.message());
  status.ForEachPayload([&copy](absl::string_view name, const absl::Cord& payload) {
    copy.SetPayload(name, absl::Cord(std::string(payload)));
  });
  return copy;
}

absl::Status StatusOf(const Reply& reply) {
  if (!reply.is_error()) return absl::OkStatus();
  const std::string_view code = CodeIn(reply.text);
  for (const Row& row : kRows) {
    if (row.code != code) continue;
    return MakeRedisStatus(row.kind, row.executed,
                           std::string(code) + ": " + std::string(row.meaning));
  }
  if (code.empty()) return MakeRedisStatus(RedisError::kOther, Executed::kMaybe, "an error reply");
  // Of other codes nobody knows what their words quote.
  const std::string words = code == "ERR" ? WordsAfter(code, reply.text) : std::string();
  return MakeRedisStatus(RedisError::kOther, Executed::kMaybe,
                         words.empty() ? std::string(code) : std::string(code) + ": " + words);
}

RedisError KindOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadName);
  return payload ? static_cast<RedisError>((*payload)[0]) : RedisError::kNone;
}

bool MaybeExecuted(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadName);
  return !payload || static_cast<Executed>((*payload)[1]) == Executed::kMaybe;
}

}  // namespace trivet::sync
