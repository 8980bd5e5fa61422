// Which entry of a shard goes when room is needed.
#ifndef TRIVET_ENGINE_POLICY_H_
#define TRIVET_ENGINE_POLICY_H_

#include <memory>
#include <string_view>

#include "engine/entry.h"

namespace trivet::engine {

// One policy object per shard, told of every change under the lock of the shard. It may use
// Entry::policy_prev and policy_next of the entries it was told of, and owns none.
class Policy {
 public:
  virtual ~Policy() = default;

  // The entry is new in the shard.
  virtual void Insert(Entry* entry) = 0;
  // The entry was read.
  virtual void Hit(Entry* entry) = 0;
  // `fresh` holds the key now, in place of `old`. Counts as a use.
  virtual void Replace(Entry* old, Entry* fresh) = 0;
  // The entry leaves, for whatever reason.
  virtual void Remove(Entry* entry) = 0;

  // The entry that should go next; null if there is none. Changes nothing that can be seen: the
  // shard removes the victim, or not.
  virtual Entry* Victim() = 0;

  // Aborts if the structure is broken or does not hold `entries` entries. For tests.
  virtual void CheckInvariants(size_t entries) const = 0;
};

// Null if there is no policy of that name; "lru" is one.
std::unique_ptr<Policy> MakePolicy(std::string_view name);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_POLICY_H_
