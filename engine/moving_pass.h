// A pass over all shards in which several threads take part.
#ifndef TRIVET_ENGINE_MOVING_PASS_H_
#define TRIVET_ENGINE_MOVING_PASS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/mutex.h"

namespace trivet::engine {

// Each thread enters a shard that nobody is at, does some of its work there, and leaves; the next
// one goes on where it ended. The pass is over when all shards are done, or another one begins.
//
// Thread-safety: all methods, on any thread. One short lock.
class MovingPass {
 public:
  // Where a thread is; 0 at the beginning of a shard.
  struct Place {
    uint64_t pass = 0;
    size_t shard = 0;
    size_t table = 0;       // see TableMover
    uint64_t position = 0;  // see HashIndex::VisitBucket
  };

  void Begin(size_t shards);
  // Whatever is left is left.
  void End() { Begin(0); }

  bool is_running() const { return left_.load(std::memory_order_acquire) > 0; }

  // None: nothing is left, but for what others are at.
  std::optional<Place> Enter();
  // `is_done`: with the shard. Means nothing to a pass that began since the thread entered.
  void Leave(const Place& place, bool is_done);

 private:
  SpinMutex mu_;
  uint64_t pass_ TRIVET_GUARDED_BY(mu_) = 0;
  std::vector<Place> waiting_ TRIVET_GUARDED_BY(mu_);  // of the shards that nobody is at
  std::atomic<size_t> left_{0};                        // shards that are not done
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MOVING_PASS_H_
