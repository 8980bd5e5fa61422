// The cache: memory in front of an optional SQL store.
#ifndef TRIVET_CACHE_H_
#define TRIVET_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/lock.h"
#include "trivet/namespace.h"
#include "trivet/options.h"
#include "trivet/stats.h"

namespace trivet {

// Owns the memory tier and stands between it and the store. Most programs make one:
//
//   absl::StatusOr<std::unique_ptr<trivet::Cache>> cache =
//       trivet::Cache::Open({.memory_bytes = 512 << 20});
//   trivet::Namespace users = (*cache)->In("users");
//   users.Set("42", json, {.ttl = absl::Minutes(5)}).IgnoreError();
//   trivet::Value v = users.Find("42");
//
// A file name for the store is understood by trivet::Open in trivet/open.h.
//
// Thread-safety: all methods but the destructor may be called from any thread at any time. Views
// and Values must not outlive the cache.
class Cache {
 public:
  // InvalidArgument names the option that is wrong.
  static absl::StatusOr<std::unique_ptr<Cache>> Open(CacheOptions options);

  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Closes. Aborts the program with a message if a Value or a lock is still out or a call still
  // runs: a dangling handle would be worse.
  ~Cache();

  // The view of a namespace, which comes into being with CacheOptions::namespace_defaults if it is
  // new. A bad name (1 to 255 bytes, at most 100 000 names) gives a view whose status() says so.
  Namespace In(std::string_view name);

  // The same with options of its own. If the namespace is open with different ones, the view's
  // status() is FailedPrecondition: options are chosen once.
  Namespace In(std::string_view name, const NamespaceOptions& options);

  // In every namespace; as the methods of Namespace with these names. Of namespaces
  // that only the store knows ClearAll tells others through the change log: then it is kDeferred.
  absl::Status InvalidateTag(std::string_view tag, Coherence* told = nullptr);
  absl::Status ClearAll(Coherence* told = nullptr);

  // As the methods of Namespace with these names; the names belong to no namespace.
  absl::StatusOr<trivet::Lock> Lock(std::string_view name, const LockOptions& options = {});
  absl::StatusOr<trivet::LocalLock> LockLocally(std::string_view name,
                                                absl::Duration wait = absl::ZeroDuration());

  // New budgets, in effect when it returns: as much is evicted as is over, in steps.
  // InvalidArgument as in Open. The number of shards stays.
  absl::Status Resize(const Capacity& capacity);

  // Frees at most about `budget` entries that expired, were invalidated or cleared, and sweeps as
  // many rows of the store. True: there may be more to do.
  bool Maintain(size_t budget);

  // Sums over all namespaces.
  Stats stats() const;

  // Stops the background thread and refuses further calls. FailedPrecondition if Values or locks
  // are still out (the message counts them) or calls still run; it may then be called again.
  // Idempotent.
  absl::Status Close();

 private:
  explicit Cache(std::unique_ptr<engine::Core> core);

  std::unique_ptr<engine::Core> core_;
};

}  // namespace trivet

#endif  // TRIVET_CACHE_H_
