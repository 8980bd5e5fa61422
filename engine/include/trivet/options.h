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

namespace trivet {

class Backing;
class Clock;

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
// No value may be larger than this, whatever CacheOptions::value_bytes_max says.
inline constexpr size_t kValueBytesCeiling = size_t{1} << 30;
// Glob patterns of InvalidatePattern.
inline constexpr size_t kPatternBytesMax = 64 << 10;
// TTLs: more than zero, at most a year, or absl::InfiniteDuration() for none. Resolution 1 ms,
// rounded up.
inline constexpr absl::Duration kTtlMax = absl::Hours(24 * 366);

// --- Options ------------------------------------------------------------------------------------

// What holds for one namespace. Chosen by the first In() that names the namespace.
struct NamespaceOptions {
  // How long entries live that do not say otherwise. Infinite: until evicted.
  absl::Duration ttl = absl::InfiniteDuration();

  // An entry that nobody reads for this long goes. Kept to a sixteenth: an entry lives between 1
  // and 17/16 of it after the last read. Infinite: off.
  absl::Duration idle_ttl = absl::InfiniteDuration();

  // Whether this namespace has rows in the store. Without: memory only, as if the cache had none.
  bool use_backing = true;

  friend bool operator==(const NamespaceOptions&, const NamespaceOptions&) = default;
};

// What is set once per cache.
struct CacheOptions {
  // The budget for everything the cache holds: entries, index, tags, pinned values. 0: no limit in
  // bytes, then max_entries is required. At least 64 KiB, at most 56 GiB.
  size_t memory_bytes = 0;

  // The most entries. 0: no limit in entries, then memory_bytes is required. Both may be given.
  size_t max_entries = 0;

  // A power of two up to 1024, or 0: as many as the cores can use, but no more than leave 128
  // entries (or 128 KiB) in each.
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

  // Null: the system's. Must outlive the cache.
  Clock* clock = nullptr;
};

// InvalidArgument naming the field, or OK.
absl::Status Validate(const CacheOptions& options);
absl::Status Validate(const NamespaceOptions& options);

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
};

// InvalidArgument naming the field, or OK.
absl::Status Validate(const SetOptions& options);

// Budgets that may change at run time: see Cache::Resize. 0 as in CacheOptions.
struct Capacity {
  size_t memory_bytes = 0;
  size_t max_entries = 0;
};

}  // namespace trivet

#endif  // TRIVET_OPTIONS_H_
