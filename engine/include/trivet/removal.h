// How the program learns that an entry left the memory tier.
#ifndef TRIVET_REMOVAL_H_
#define TRIVET_REMOVAL_H_

#include <functional>
#include <string_view>

#include "trivet/value.h"

namespace trivet {

enum class RemovalCause {
  kExplicit,     // Delete, MDelete or Take
  kReplaced,     // a newer value of the same key took its place
  kExpired,      // TTL or idle TTL
  kEvicted,      // the budget asked for room
  kInvalidated,  // Invalidate, InvalidateTag, InvalidatePattern, Clear
  kOversize,     // a newer value was too large for memory and went to the store alone
};

// "explicit", "replaced", "expired", "evicted", "invalidated" or "oversize".
const char* RemovalCauseName(RemovalCause cause);

// One entry that left memory. The views are valid during the call; copy `value` to keep the bytes.
// That of an entry with an object has no bytes; see Typed::Of.
struct Removal {
  std::string_view namespace_name;
  std::string_view key;
  const Value& value;
  RemovalCause cause;
};

// Called once for each entry that leaves memory, on the thread whose call removed it (or in the
// background), after all locks are released. May call the cache again, but not close it; must not
// throw. MSet, MDelete and MGet keep their keys to themselves while they go through lower tiers: a
// listener that they call, and that loads or writes one of these keys, waits for them in vain, and
// gets DeadlineExceeded after CacheOptions::join_timeout. Removals of one key may be told out of
// order if two threads cause them.
using RemovalListener = std::function<void(const Removal&)>;

}  // namespace trivet

#endif  // TRIVET_REMOVAL_H_
