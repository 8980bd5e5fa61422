// What can go wrong between us and a Redis server, as absl::Status with the kind kept for programs.
#ifndef TRIVET_SYNC_REDIS_STATUS_H_
#define TRIVET_SYNC_REDIS_STATUS_H_

#include <string_view>

#include "absl/status/status.h"
#include "sync/reply.h"

namespace trivet::sync {

enum class RedisError {
  kNone,  // OK, or no error of this tier
  // Said by the server.
  kNotLoggedIn,    // NOAUTH, WRONGPASS
  kNoPermission,   // NOPERM
  kReadOnly,       // READONLY: a replica
  kOutOfMemory,    // OOM
  kLoading,        // LOADING its data after a start
  kBusy,           // BUSY with a script
  kMoved,          // MOVED: the slot belongs to another node
  kAsk,            // ASK: the slot is on its way to another node
  kTryAgain,       // TRYAGAIN: keys of one command are on both sides of such a move
  kClusterDown,    // CLUSTERDOWN
  kMasterDown,     // MASTERDOWN: a replica without its primary
  kNoReplicas,     // NOREPLICAS: too few to write
  kMisconfigured,  // MISCONF: cannot save, so does not write
  kNoScript,       // NOSCRIPT: EVALSHA of what it does not know
  kWrongType,      // WRONGTYPE: the key holds another type
  kOther,          // any other error reply
  // Found by us.
  kUnreachable,    // no connection can be made, or not yet again
  kDisconnected,   // the connection was lost
  kTimeout,        // the deadline passed
  kProtocol,       // the bytes are no RESP, or beyond the limits; the connection is closed
  kBreakerOpen,    // not even tried: see circuit_breaker.h
  kOverloaded,     // not even tried: too many requests are on their way
  kTooOld,         // the server is older than what we need
  kUnknownMaster,  // the sentinels know no primary of that name
};

// Whether the server may have run the command all the same.
enum class Executed { kNo, kMaybe };

// An error found by us. The code of the status follows from the kind; `message` must not hold keys,
// values or secrets.
absl::Status MakeRedisStatus(RedisError kind, Executed executed, std::string_view message);

// The same error of a command that was not even sent. REQUIRES: not OK.
absl::Status NotExecuted(const absl::Status& status);

// The same error with words in front of its message.
absl::Status WithContext(std::string_view words, const absl::Status& status);

// A copy that shares no memory, for another thread. Statuses may be shared between threads, but
// where Abseil comes from a package its counter of references is handled by code that
// ThreadSanitizer does not see, and every test that shares one would be reported.
absl::Status Unshared(const absl::Status& status);

// OK unless `reply` is an error. The message names the code, and of the server's words only what
// cannot quote a key.
absl::Status StatusOf(const Reply& reply);

// The kind of an error made here; kNone for any other status.
RedisError KindOf(const absl::Status& status);

// False: the server has certainly not run it, so that it may be repeated without harm. Errors from
// elsewhere count as true.
bool MaybeExecuted(const absl::Status& status);

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_STATUS_H_
