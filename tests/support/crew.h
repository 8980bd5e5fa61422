// Threads for tests: they begin together, meet, and stumble, but never sleep.
#ifndef TRIVET_TESTS_SUPPORT_CREW_H_
#define TRIVET_TESTS_SUPPORT_CREW_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "trivet/clock.h"

namespace trivet::testing {

using Random = std::mt19937_64;

// Gives up the processor now and then: at such a moment other threads get between two steps.
inline void Stumble() {
  thread_local uint64_t state = std::hash<std::thread::id>()(std::this_thread::get_id()) | 1;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  if (state % 4 == 0) std::this_thread::yield();
}

// Where a fixed number of threads wait for each other, again and again. Spins: threads that are
// woken from sleep would not meet.
class MeetingPoint {
 public:
  explicit MeetingPoint(size_t threads) : threads_(threads) {}

  void Arrive() {
    const uint64_t meeting = meeting_.load();
    if (arrived_.fetch_add(1) + 1 == threads_) {
      arrived_.store(0);
      meeting_.store(meeting + 1);
      return;
    }
    while (meeting_.load() == meeting) std::this_thread::yield();
  }

 private:
  const size_t threads_;
  std::atomic<size_t> arrived_{0};
  std::atomic<uint64_t> meeting_{0};
};

// Runs `work(index, random)` on so many threads, which begin together, and waits for them.
template <typename Work>
void RunCrew(size_t threads, uint64_t seed, const Work& work) {
  MeetingPoint start(threads);
  std::vector<std::thread> crew;
  for (size_t index = 0; index < threads; ++index) {
    crew.emplace_back([&, index] {
      Random random(seed * 1000 + index);
      start.Arrive();
      work(index, random);
    });
  }
  for (std::thread& thread : crew) thread.join();
}

// A clock at which threads stumble when they look at it. The engine looks before it locks: that is
// where others should get between.
class StumblingClock final : public Clock {
 public:
  absl::Duration Elapsed() const override {
    const absl::Duration elapsed = clock_.Elapsed();
    Stumble();
    return elapsed;
  }
  absl::Time WallTime() const override { return clock_.WallTime(); }
  absl::Duration WaitSlice(absl::Duration deadline) const override {
    return clock_.WaitSlice(deadline);
  }
  void Advance(absl::Duration by) { clock_.Advance(by); }

 private:
  ManualClock clock_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_CREW_H_
