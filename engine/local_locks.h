// Names that one thread of this process holds at a time.
#ifndef TRIVET_ENGINE_LOCAL_LOCKS_H_
#define TRIVET_ENGINE_LOCAL_LOCKS_H_

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "trivet/clock.h"

namespace trivet::engine {

// A name takes memory while somebody holds it or waits for it. Who comes just when it is released
// may be faster than those who wait.
//
// Thread-safety: all methods may be called from any thread at any time; any may release.
class LocalLocks {
 public:
  explicit LocalLocks(const Clock& clock);
  LocalLocks(const LocalLocks&) = delete;
  LocalLocks& operator=(const LocalLocks&) = delete;

  // Waits until `deadline`, a value of Clock::Elapsed(); in the past: does not wait. True: the
  // caller has it now. Not re-entrant.
  bool Acquire(std::string_view name, absl::Duration deadline);

  // REQUIRES: held.
  void Release(std::string_view name);

  // How many names are held, and how many calls wait.
  size_t users() const { return users_.load(std::memory_order_relaxed); }

  // False in a process that was forked since: there other threads' mutexes may be locked for ever,
  // and nothing else here may be called.
  bool IsOwnProcess() const;

 private:
  struct Slot {
    bool held = false;
    size_t waiting = 0;
    CondVar released;
  };
  struct alignas(64) Stripe {
    Mutex mutex;
    absl::flat_hash_map<std::string, std::unique_ptr<Slot>> slots TRIVET_GUARDED_BY(mutex);
  };
  // Waiting is the common case of a lock that matters, so stripes are few.
  static constexpr size_t kStripes = 16;

  Stripe& StripeOf(const std::string& name);

  const Clock& clock_;
  const pid_t process_;
  std::atomic<size_t> users_{0};
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_LOCAL_LOCKS_H_
