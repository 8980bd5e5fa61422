// A view of one namespace of a cache: where programs read and write.
#ifndef TRIVET_NAMESPACE_H_
#define TRIVET_NAMESPACE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/load.h"
#include "trivet/lock.h"
#include "trivet/options.h"
#include "trivet/result.h"
#include "trivet/stats.h"
#include "trivet/value.h"

namespace trivet {

class Cache;

namespace engine {
class Core;
class LiveObject;
struct LoadSource;
class NamespaceState;
struct Removed;
class TypedView;
}  // namespace engine

// Keys and values are arbitrary bytes; one key in two namespaces names two entries. A view is a few
// words, cheap to copy, and must not outlive its Cache. Made by Cache::In:
//
//   trivet::Namespace users = cache->In("users", {.ttl = absl::Minutes(10)});
//   if (std::string json; users.FindInto("42", &json)) return json;
//
// Tiers. Find, FindInto and Visit look into memory alone: they do no I/O, wait for nobody, and
// cannot fail (a bad key is a miss). All others go through every tier the cache has. With a store
// behind the cache, a write reaches the store first, and memory only when the store has taken it; a
// write that the store refused changes nothing in memory.
//
// Errors common to all others: InvalidArgument names a bad key, tag, pattern or option; the status
// of the view if In() was given something bad; the errors of trivet/backing.h from the store;
// DeadlineExceeded after CacheOptions::join_timeout of waiting for another thread's load or write
// of the same key; ResourceExhausted where a value does not fit into memory and there is no store,
// or where values that handles still pin fill the room; FailedPrecondition once the cache is
// closed.
//
// A namespace holds bytes, or objects of one type (see trivet/typed.h), never both: whichever call
// comes first decides. In one that holds objects, calls about bytes find nothing, or give
// FailedPrecondition; Scan tells its keys, and Values without bytes.
//
// Where other processes share the namespace, what changes something says how far that has come:
// SetResult::coherence, or `*told` where that is not null; see docs/consistency.md.
//
// Thread-safety: all methods may be called from any thread at any time. Operations on one key are
// linearizable in this process: an operation that begins after another returned sees its effect.
class Namespace {
 public:
  // OK, or why this view answers nothing: a bad name or option given to In().
  const absl::Status& status() const { return status_; }
  std::string_view name() const;
  // Whether other processes are told of what changes here (CacheOptions::shared).
  bool IsShared() const;

  // --- Memory only ------------------------------------------------------------------------------

  // Copies the value into `*out`, which keeps its capacity from call to call. False: not in memory;
  // `*out` is then unchanged.
  bool FindInto(std::string_view key, std::string* out) const;

  // FindInto for many keys: the waits for memory overlap, which makes a key several times cheaper
  // than by itself where the cache is larger than the processor's. `out` has a place for each key;
  // where a key is not in memory, `found` is false and the bytes are unchanged. Returns how many
  // were found. Key by key, not a snapshot.
  struct FoundValue {
    bool found = false;
    std::string bytes = {};  // keeps its capacity from call to call
  };
  size_t MFindInto(std::span<const std::string_view> keys, std::span<FoundValue> out) const;

  // Pins the value. Empty: not in memory.
  Value Find(std::string_view key) const;

  // Calls `visit(std::string_view bytes)` on the value where it lies; no byte is copied, nothing is
  // locked, and what leaves the cache stays readable until the call returns. Keep it short: no
  // memory of the cache can be reused meanwhile, and when a tenth of the budget waits for that,
  // writes are refused with ResourceExhausted. False: not in memory, not called.
  template <typename Visitor>
  bool Visit(std::string_view key, Visitor&& visit) const {
    return VisitBytes(key, [&visit](std::string_view bytes) { visit(bytes); });
  }

  // --- Reading ----------------------------------------------------------------------------------

  // Memory, then the store; what the store has is kept in memory. One thread asks the store for a
  // key at a time, others wait for its answer.
  absl::StatusOr<Result> Get(std::string_view key, const GetOptions& options = {});

  // Memory, then the store (if the namespace uses it), then `loader`, on this thread. What the
  // loader returns is kept in memory, not in the store: its truth is elsewhere.
  //
  // One load per key runs at a time; others that ask meanwhile wait for it, with a deadline, and
  // share its answer or its error. An invalidation of the key, of a tag the loader declares (early
  // or late), of a matching pattern or of the namespace while the load runs forbids keeping the
  // result: it goes to those who asked before the invalidation, and those who ask later start a
  // load of their own. A Set of the key while the load runs wins over the load.
  //
  // The loader may use the cache. If it asks for its own key, that inner call gets
  // FailedPrecondition; loaders on two threads that wait for each other get DeadlineExceeded.
  absl::StatusOr<Result> GetOrLoad(std::string_view key, Loader loader,
                                   const GetOptions& options = {});

  // One answer for each key, in order, with one batch to the store for all that memory lacks.
  // Not a snapshot of several keys.
  std::vector<absl::StatusOr<Result>> MGet(std::span<const std::string_view> keys);

  // Whether there is a live entry. Does not count as a read for eviction or idle TTL, and brings
  // nothing into memory.
  absl::StatusOr<bool> Has(std::string_view key);

  // What is left of the TTL of the entry (infinite if it has none); nullopt: no such entry. The
  // idle TTL is not in it. As Has, no read.
  absl::StatusOr<std::optional<absl::Duration>> Ttl(std::string_view key);

  // --- Writing ----------------------------------------------------------------------------------

  // A replaced entry loses its TTL and tags for the new ones. With SetOptions::fence the store
  // refuses what comes from a holder that lost its lock: see IsFencedOut in trivet/write_fence.h.
  absl::StatusOr<SetResult> Set(std::string_view key, std::string_view value,
                                const SetOptions& options = {});

  struct Item {
    std::string_view key;
    std::string_view value;
  };
  // Sets all, with the same options. In the store one transaction: all (whose condition holds) or,
  // on error, none. In memory key by key; where there is no store, an error leaves the items before
  // it set. Duplicate keys are set in order.
  absl::StatusOr<std::vector<SetResult>> MSet(std::span<const Item> items,
                                              const SetOptions& options = {});

  // Deletes from every tier. True: there was an entry. Where processes share the namespace without
  // a store: one was seen just before, and of several who delete it at a time each may have seen
  // it.
  absl::StatusOr<bool> Delete(std::string_view key, Coherence* told = nullptr);
  absl::StatusOr<bool> Delete(std::string_view key, const DeleteOptions& options,
                              Coherence* told = nullptr);

  // Deletes all, in one transaction of the store. How many there were.
  absl::StatusOr<size_t> MDelete(std::span<const std::string_view> keys, Coherence* told = nullptr);
  absl::StatusOr<size_t> MDelete(std::span<const std::string_view> keys,
                                 const DeleteOptions& options, Coherence* told = nullptr);

  // Deletes and returns what was there; an empty Value if nothing was. FailedPrecondition where
  // processes share the namespace without a store.
  absl::StatusOr<Value> Take(std::string_view key, Coherence* told = nullptr);

  // Adds to a decimal 64-bit number, as text; a missing entry counts as 0 and gets the namespace's
  // TTL, one that is there keeps its TTL and tags. Returns the sum. OutOfRange on overflow,
  // FailedPrecondition if the value is not such a number; both change nothing.
  absl::StatusOr<int64_t> Increment(std::string_view key, int64_t by = 1,
                                    Coherence* told = nullptr);

  // Gives the entry a new TTL, counted from now. False: there is no such entry.
  absl::StatusOr<bool> Touch(std::string_view key, absl::Duration ttl, Coherence* told = nullptr);

  // --- Invalidation -----------------------------------------------------------------------------
  // For truth that changed elsewhere: entries leave memory, and loads in progress are not kept.
  // When a call returns, no reader gets what it invalidated. The store is not touched, except by
  // DeleteTag and Clear.

  absl::Status Invalidate(std::string_view key, Coherence* told = nullptr);
  absl::Status MInvalidate(std::span<const std::string_view> keys, Coherence* told = nullptr);

  // Everything labelled with the tag, in steps as bounded as there are shards; the memory comes
  // back in small steps afterwards.
  absl::Status InvalidateTag(std::string_view tag, Coherence* told = nullptr);
  absl::Status InvalidateTags(std::span<const std::string_view> tags, Coherence* told = nullptr);

  // Every key that matches the glob, in the syntax of Redis: * ? [abc] [a-z] [^a] and \ to escape.
  // Visits every entry of the cache, in steps. Returns how many entries it dropped.
  absl::StatusOr<size_t> InvalidatePattern(std::string_view pattern, Coherence* told = nullptr);

  // As InvalidateTag, and the rows that carry the tag are deleted from the store as well.
  absl::Status DeleteTag(std::string_view tag, Coherence* told = nullptr);

  // Everything in the namespace, in the store too. In memory one increment; the memory comes back
  // in small steps afterwards.
  absl::Status Clear(Coherence* told = nullptr);

  // --- Locks ------------------------------------------------------------------------------------

  // Holds `name`, any name of 1 to kNameBytesMax bytes, in all processes: see trivet/lock.h. Names
  // belong to the namespace, and have nothing to do with keys.
  //
  // DeadlineExceeded if others have it for all of LockOptions::wait; Unavailable if the keeper of
  // the leases does not answer, or must not grant any yet, unless on_unavailable says otherwise;
  // FailedPrecondition without CacheOptions::leases. Unauthenticated and PermissionDenied are the
  // keeper's.
  absl::StatusOr<trivet::Lock> Lock(std::string_view name, const LockOptions& options = {});

  // Holds `name` in this process. DeadlineExceeded if another thread has it for all of `wait`,
  // which is zero to an hour.
  absl::StatusOr<trivet::LocalLock> LockLocally(std::string_view name,
                                                absl::Duration wait = absl::ZeroDuration());

  // --- Looking around ---------------------------------------------------------------------------

  // Some of the live entries in memory, about `items_max` of them (all keys of one index bucket
  // come together), from `cursor` on. Over a whole scan an entry that is in memory all the time is
  // seen exactly once; one that comes, goes or is replaced meanwhile may be seen or not.
  absl::StatusOr<ScanPage> Scan(ScanCursor cursor, size_t items_max = 100) const;

  // Scan to the end; stops when `visit` returns false. No lock is held while it runs.
  absl::Status ForEach(
      absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) const;

  Stats stats() const;

 private:
  friend class Cache;
  friend class engine::TypedView;
  Namespace(engine::Core* core, engine::NamespaceState* state) : core_(core), state_(state) {}
  explicit Namespace(absl::Status status) : status_(std::move(status)) {}

  // The status of the view, of the cache (closed?) and of `key`.
  absl::Status Check(std::string_view key) const;
  absl::Status CheckOpen() const;
  // FailedPrecondition where the namespace holds objects. REQUIRES: status_.ok().
  absl::Status CheckHoldsBytes() const;
  absl::Status CheckOptions(const SetOptions& options) const;
  absl::Status CheckSet(std::span<const Item> items, const SetOptions& options) const;
  bool UsesStore() const;
  bool HasLowerTiers() const;
  // For reads of memory alone, which cannot fail: a view or key that is bad finds nothing.
  bool IsReadable(std::string_view key) const;
  bool IsReadableAsBytes(std::string_view key) const;
  bool VisitBytes(std::string_view key, absl::FunctionRef<void(std::string_view)> visit) const;

  size_t FindBatchInto(std::span<const std::string_view> keys, std::span<FoundValue> out) const;

  // Get, or GetOrLoad if there is a source; of bytes or objects.
  absl::StatusOr<Result> ReadThrough(std::string_view key, const engine::LoadSource* source,
                                     const GetOptions& options = {});
  // Past memory, which keeps nothing of it.
  absl::StatusOr<Result> ReadAlone(std::string_view key);
  // MGet; of bytes or objects.
  std::vector<absl::StatusOr<Result>> ReadManyThrough(std::span<const std::string_view> keys);

  // The two ways of a write: through the store, or in memory where there is none. With objects, one
  // for each item, memory takes those, and the items' bytes are for the store.
  absl::StatusOr<std::vector<SetResult>> SetThrough(std::span<const Item> items,
                                                    const SetOptions& options,
                                                    std::span<engine::LiveObject> objects = {});
  absl::StatusOr<SetResult> SetInMemory(const Item& item, const SetOptions& options,
                                        engine::LiveObject* object = nullptr);
  // One after the other; an error leaves those before it set.
  absl::StatusOr<std::vector<SetResult>> SetEachInMemory(
      std::span<const Item> items, const SetOptions& options,
      std::span<engine::LiveObject> objects = {});
  // Where other processes share what is in no store.
  absl::StatusOr<SetResult> SetShared(const Item& item, const SetOptions& options,
                                      engine::LiveObject* object);
  absl::StatusOr<int64_t> IncrementThrough(std::string_view key, int64_t by, Coherence* told);
  absl::StatusOr<int64_t> IncrementInMemory(std::string_view key, int64_t by);
  absl::StatusOr<std::vector<engine::Removed>> RemoveAll(std::span<const std::string_view> keys,
                                                         const DeleteOptions& options,
                                                         Coherence* told);
  // Take; of bytes or objects.
  absl::StatusOr<Value> TakeThrough(std::string_view key, Coherence* told);

  engine::Core* core_ = nullptr;             // null iff !status_.ok()
  engine::NamespaceState* state_ = nullptr;  // null iff !status_.ok()
  absl::Status status_;
};

}  // namespace trivet

#endif  // TRIVET_NAMESPACE_H_
