// What the cache knows of one namespace, and the table of all of them.
#ifndef TRIVET_ENGINE_NAMESPACE_STATE_H_
#define TRIVET_ENGINE_NAMESPACE_STATE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/mutex.h"
#include "engine/strings.h"
#include "engine/tag_table.h"
#include "trivet/options.h"

namespace trivet::engine {

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

  TagTable& tags() { return tags_; }

  // Counted where no shard lock is held; next to the I/O they count, an atomic costs nothing.
  struct StoreCounters {
    std::atomic<uint64_t> reads{0};
    std::atomic<uint64_t> hits{0};
    std::atomic<uint64_t> writes{0};
    std::atomic<uint64_t> errors{0};
  };
  StoreCounters& store_counters() { return store_counters_; }

 private:
  const uint32_t id_;
  const std::string name_;
  const NamespaceOptions options_;
  std::atomic<uint32_t> epoch_{0};
  TagTable tags_;
  StoreCounters store_counters_;
};

// Thread-safety: all methods, on any thread.
class NamespaceTable {
 public:
  // The namespace of that name; a new one gets `options` (already validated). FailedPrecondition if
  // `must_match` and it is open with other options; ResourceExhausted beyond kNamespacesMax.
  absl::StatusOr<NamespaceState*> Open(std::string_view name, const NamespaceOptions& options,
                                       bool must_match);

  // All of them, in the order of their ids.
  std::vector<NamespaceState*> All() const;

 private:
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, std::unique_ptr<NamespaceState>, StringHash, StringEqual>
      by_name_ TRIVET_GUARDED_BY(mu_);
  std::vector<NamespaceState*> by_id_ TRIVET_GUARDED_BY(mu_);
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_NAMESPACE_STATE_H_
