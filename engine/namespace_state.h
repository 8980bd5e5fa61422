// What the cache knows of one namespace, and the table of all of them.
#ifndef TRIVET_ENGINE_NAMESPACE_STATE_H_
#define TRIVET_ENGINE_NAMESPACE_STATE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/millis.h"
#include "engine/mutex.h"
#include "engine/strings.h"
#include "engine/tag_table.h"
#include "trivet/live_object.h"
#include "trivet/options.h"

namespace trivet::engine {

class SharedSpace;

// Lives as long as the cache.
class NamespaceState {
 public:
  NamespaceState(uint32_t id, std::string_view name, const NamespaceOptions& options)
      : id_(id), name_(name), options_(options) {}

  // Dense from 0: an index into the counters of a shard.
  uint32_t id() const { return id_; }
  const std::string& name() const { return name_; }
  const NamespaceOptions& options() const { return options_; }

  // Entries of an earlier epoch are dead: Clear is one increment.
  uint32_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  void NextEpoch() { epoch_.fetch_add(1, std::memory_order_acq_rel); }

  // --- Freshness: where other processes may change what memory holds, see SharedSpace -----------

  // Null: nobody else does.
  SharedSpace* shared() const { return shared_; }
  // REQUIRES: nobody else uses the namespace yet.
  void ShareThrough(SharedSpace* shared, const CoherenceOptions& coherence);

  // Whether memory is served. Costs a load where it always is.
  bool IsServed(Millis now) const {
    const Millis until = served_until();
    return until == kNever || now < until;
  }
  // CoherenceOptions::staleness_max.
  Millis bound() const { return bound_; }
  // kNever: always. Acquire: who sees a proof sees what memory was told before it.
  Millis served_until() const { return served_until_.load(std::memory_order_acquire); }

  // Memory was proven to be fresh at `at` (of Clock::Elapsed), and stays so for `bound`.
  void SetProof(absl::Duration at, absl::Duration bound);
  // When memory was last proven to be fresh; kNever: it never was. Acquire, as served_until().
  Millis proven_at() const { return proven_at_.load(std::memory_order_acquire); }
  // What memory held when it was proven to be fresh at `proven_at` was true no longer ago than
  // this; infinite where nothing is known.
  static absl::Duration StalenessAt(absl::Duration now, Millis proven_at);

  TagTable& tags() { return tags_; }

  // A namespace holds bytes, or objects of one type: whichever call comes first decides. False: it
  // has been decided otherwise.
  bool HoldsBytes() { return holds_.load(std::memory_order_relaxed) == &kBytes || Decide(&kBytes); }
  bool HoldsObjects(const TypeOps* type) { return Decide(type); }
  // The type of its objects; null where it holds bytes, or where nothing has been decided.
  const TypeOps* type() const {
    const TypeOps* holds = holds_.load(std::memory_order_relaxed);
    return holds == &kBytes ? nullptr : holds;
  }

  // Counted where no shard lock is held; next to the I/O they count, an atomic costs nothing.
  struct StoreCounters {
    std::atomic<uint64_t> reads{0};
    std::atomic<uint64_t> hits{0};
    std::atomic<uint64_t> writes{0};
    std::atomic<uint64_t> errors{0};
  };
  StoreCounters& store_counters() { return store_counters_; }

 private:
  bool Decide(const TypeOps* holds);

  static const TypeOps kBytes;  // stands for bytes

  const uint32_t id_;
  const std::string name_;
  const NamespaceOptions options_;
  std::atomic<uint32_t> epoch_{0};
  std::atomic<Millis> served_until_{kNever};
  // The last proof, in milliseconds; kNever: there was none.
  std::atomic<Millis> proven_at_{kNever};
  SharedSpace* shared_ = nullptr;
  Millis bound_ = kNever;
  // Null: not decided. Set once; what it points to is constant, so relaxed is enough.
  std::atomic<const TypeOps*> holds_{nullptr};
  TagTable tags_;
  StoreCounters store_counters_;
};

// Thread-safety: all methods, on any thread.
class NamespaceTable {
 public:
  // The namespace of that name; a new one gets `options` (already validated). FailedPrecondition if
  // `must_match` and it is open with other options; ResourceExhausted beyond kNamespacesMax, or
  // kQuotasMax.
  absl::StatusOr<NamespaceState*> Open(std::string_view name, const NamespaceOptions& options,
                                       bool must_match);

  // Calls `prepare` on each new namespace before anybody else gets it. REQUIRES: before the first
  // Open.
  void OnNew(std::function<absl::Status(NamespaceState&)> prepare);

  // All of them, in the order of their ids.
  std::vector<NamespaceState*> All() const;

 private:
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, std::unique_ptr<NamespaceState>, StringHash, StringEqual>
      by_name_ TRIVET_GUARDED_BY(mu_);
  std::vector<NamespaceState*> by_id_ TRIVET_GUARDED_BY(mu_);
  size_t quotas_ TRIVET_GUARDED_BY(mu_) = 0;  // namespaces that have one
  std::function<absl::Status(NamespaceState&)> prepare_ TRIVET_GUARDED_BY(mu_);
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_NAMESPACE_STATE_H_
