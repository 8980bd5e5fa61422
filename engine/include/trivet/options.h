// What can be chosen when a cache or a namespace is opened, and per call; and every limit.
//
// Options are checked once, where they are handed over; the error names the field.
#ifndef TRIVET_OPTIONS_H_
#define TRIVET_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "trivet/removal.h"
#include "trivet/write_fence.h"

namespace trivet {

class Backing;
class Clock;
class LeaseKeeper;
class SharedTier;

// --- Limits -------------------------------------------------------------------------------------

// Keys are 1 to 65 536 bytes: long enough for any key that a person or program makes on purpose,
// short enough that keys cannot eat the budget.
inline constexpr size_t kKeyBytesMax = 64 << 10;
// Names of namespaces and tags are 1 to 255 bytes.
inline constexpr size_t kNameBytesMax = 255;
// Interned for the life of the cache, so there is an end.
inline constexpr size_t kNamespacesMax = 100'000;
// Distinct tags of one entry.
inline constexpr size_t kTagsPerEntryMax = 64;
// Namespaces with a quota: who of them is evicted from is found by looking at all.
inline constexpr size_t kQuotasMax = 64;
// No value may be larger than this, whatever CacheOptions::value_bytes_max says.
inline constexpr size_t kValueBytesCeiling = size_t{1} << 30;
// Glob patterns of InvalidatePattern.
inline constexpr size_t kPatternBytesMax = 64 << 10;
// TTLs: more than zero, at most a year, or absl::InfiniteDuration() for none. Resolution 1 ms,
// rounded up.
inline constexpr absl::Duration kTtlMax = absl::Hours(24 * 366);

// --- Options ------------------------------------------------------------------------------------

// What reads do while it is not certain that memory is fresh: see docs/consistency.md.
enum class WithoutProof {
  kBypassMemory,  // ask the tiers below
  kServeMemory,   // serve it all the same, for NamespaceOptions::unproven_max
  kFail,          // Get and its relatives answer Unavailable; Find and its relatives miss
};

// What holds for one namespace. Chosen by the first In() that names the namespace.
struct NamespaceOptions {
  // How long entries live that do not say otherwise. Infinite: until evicted.
  absl::Duration ttl = absl::InfiniteDuration();

  // An entry that nobody reads for this long goes. Kept to a sixteenth: an entry lives between 1
  // and 17/16 of it after the last read; one at the moment when it is moved in memory may not
  // count. Infinite: off.
  absl::Duration idle_ttl = absl::InfiniteDuration();

  // Whether this namespace has rows in the store. Without: memory only, as if the cache had none.
  bool use_backing = true;

  // Whether entries know their version, and when they were made: 16 bytes each. Without, answers
  // say version 0 and an infinite age, and SetWhen::kIfVersion is FailedPrecondition. Must be true
  // where the namespace has rows in the store.
  bool versions = true;

  // Whether the namespace is shared with other processes, where the cache has a tier for that.
  bool use_shared = true;

  // Where it is: what becomes of reads when the shared tier cannot prove that memory is fresh.
  WithoutProof without_proof = WithoutProof::kBypassMemory;
  // With kServeMemory: for how long after the last proof has run out. Zero to infinite.
  absl::Duration unproven_max = absl::InfiniteDuration();

  // Where it is shared: Set tells the shared tier also before the store commits, and leaves the
  // value there. Without, a Set costs one round trip less, leaves nothing there, and others may
  // read what it replaces from there until it has been told.
  bool guarded_writes = true;

  // The most bytes that its entries may take, without their share of index and other tables; at
  // least 64 KiB. What is more goes from this namespace alone, in its own order of eviction, and
  // others do not drive it out while they fill more of their own room than it does of its quota.
  // It is cut into the cache's shards: a value may take an eighth of a shard's part. 0: no quota;
  // such namespaces share what quotas leave of the budget. See docs/memory.md.
  size_t quota_bytes = 0;

  friend bool operator==(const NamespaceOptions&, const NamespaceOptions&) = default;
};

// How processes learn of each other's changes.
enum class Bus {
  // The shared tier tells all of each change.
  kMessages,
  // They do not: a copy in memory is served until its TTL runs out, whatever others do, and nothing
  // bounds staleness but that. Costs no subscription. Shared namespaces must have a finite TTL;
  // what a Set, a load or a row gives an entry instead is not looked at.
  kNone,
};

// Between processes: see docs/consistency.md.
struct CoherenceOptions {
  Bus bus = Bus::kMessages;

  // The bound: no read shows what another process ended longer ago than this. 100 ms to an hour.
  // Less costs more round trips in the background, and fewer hits while the shared tier hiccups.
  absl::Duration staleness_max = absl::Seconds(2);

  // How often the shared tier is asked whether memory is fresh. At least 10 ms, at most half of
  // `staleness_max`.
  absl::Duration heartbeat = absl::Milliseconds(500);

  // Of one command to the shared tier: what a read or write waits when that hangs, until its
  // breaker opens. More than zero, at most a minute.
  absl::Duration timeout = absl::Milliseconds(250);

  // How long a load waits for the value of another process that loads the same key, before it
  // loads by itself and keeps nothing. Zero to a minute.
  absl::Duration claim_wait = absl::Milliseconds(50);

  // A row of the change log that is not told for so long is told by another process than its
  // writer. At least 10 ms, at most half of `relay_max`.
  absl::Duration relay_after = absl::Milliseconds(200);
  // And after so long nothing is proven until it is told. At most an hour.
  absl::Duration relay_max = absl::Milliseconds(500);

  friend bool operator==(const CoherenceOptions&, const CoherenceOptions&) = default;
};

// What is set once per cache.
struct CacheOptions {
  // The budget for everything the cache holds: entries, index, tags, pinned values. 0: no limit in
  // bytes, then max_entries is required. At least 64 KiB, and 4 KiB for each shard; at most 56 GiB.
  // See docs/memory.md.
  size_t memory_bytes = 0;

  // The most entries. 0: no limit in entries, then memory_bytes is required. Both may be given.
  size_t max_entries = 0;

  // A power of two up to 1024, or 0: as many as the cores can use, but no more than leave 128
  // entries (or 1 MiB) in each.
  size_t shards = 0;

  // Which entry goes when room is needed: "s3fifo", which keeps what was read at least twice and
  // adapts to the workload, or "lru", in exact order per shard, for which every read takes the
  // shard's lock. See docs/memory.md.
  std::string policy = "s3fifo";

  // Larger values are refused by every tier. At most kValueBytesCeiling.
  size_t value_bytes_max = 8 << 20;

  // A call that waits for another thread's load or write of the same key gives up after this long
  // with DeadlineExceeded. Finite, so that loaders that wait for each other come to an end.
  absl::Duration join_timeout = absl::Seconds(10);

  // Defaults of namespaces that are opened without options of their own.
  NamespaceOptions namespace_defaults = {};

  // Told of every entry that leaves memory; may be empty.
  RemovalListener removal_listener = nullptr;

  // Frees what expired, was invalidated or cleared, also when nobody writes. Without it, call
  // Cache::Maintain now and then.
  bool background_maintenance = true;

  // The SQL database behind the cache; may be null. Shared with the program.
  std::shared_ptr<Backing> backing = nullptr;

  // The tier that several processes share, which also tells each of what the others change; may be
  // null. Belongs to the cache alone: a second cache needs one of its own.
  std::shared_ptr<SharedTier> shared = nullptr;
  CoherenceOptions coherence = {};

  // What grants the leases of Namespace::Lock; null: that is FailedPrecondition. Shared with the
  // program and other caches. Without background_maintenance leases are renewed by Cache::Maintain.
  std::shared_ptr<LeaseKeeper> leases = nullptr;

  // Null: the system's. Must outlive the cache.
  Clock* clock = nullptr;
};

// InvalidArgument naming the field, or OK.
absl::Status Validate(const CacheOptions& options);
absl::Status Validate(const NamespaceOptions& options);
// The same for a namespace of that cache.
absl::Status Validate(const NamespaceOptions& options, const CacheOptions& of_cache);

// When a Set may take effect.
enum class SetWhen {
  kAlways,
  kIfAbsent,   // there is no live entry
  kIfPresent,  // there is one
  kIfVersion,  // there is one, and its version is SetOptions::if_version
};

// What may differ from one Set to the next.
struct SetOptions {
  std::optional<absl::Duration> ttl = std::nullopt;       // unset: that of the namespace
  std::optional<absl::Duration> idle_ttl = std::nullopt;  // unset: that of the namespace
  std::vector<std::string> tags = {};                     // duplicates count once
  SetWhen when = SetWhen::kAlways;
  uint64_t if_version = 0;  // with SetWhen::kIfVersion
  // Only where the namespace has rows in the store: that the lock is still the writer's is decided
  // there. Unset: the write is done under no lock.
  std::optional<WriteFence> fence = std::nullopt;
};

// InvalidArgument naming the field, or OK.
absl::Status Validate(const SetOptions& options);

// What may differ from one Delete to the next.
struct DeleteOptions {
  std::optional<WriteFence> fence = std::nullopt;  // as SetOptions::fence
};

// InvalidArgument naming the field, or OK.
absl::Status Validate(const DeleteOptions& options);

// What may differ from one Get to the next.
struct GetOptions {
  // The answer may show what another process ended at most so long ago: memory or the shared tier
  // where they have been proven since, else the truth. Zero: the truth. Not negative.
  absl::Duration staleness_max = absl::InfiniteDuration();
};

// InvalidArgument naming the field, or OK.
absl::Status Validate(const GetOptions& options);

// Budgets that may change at run time: see Cache::Resize. 0 as in CacheOptions.
struct Capacity {
  size_t memory_bytes = 0;
  size_t max_entries = 0;
};

}  // namespace trivet

#endif  // TRIVET_OPTIONS_H_
