// One thread's part of one turn of one contender: the measured loop.
#ifndef TRIVET_BENCH_SUPPORT_TURN_H_
#define TRIVET_BENCH_SUPPORT_TURN_H_

#include <array>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bench/support/histogram.h"
#include "bench/support/tsc.h"
#include "bench/support/workload.h"

namespace trivet::bench {

// What one operation was.
enum class Outcome { kHit, kMiss, kSet };

// Makes the compiler compute what is looked at.
template <typename T>
void Touch(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}
inline void TouchLast(std::string_view bytes) {
  if (!bytes.empty()) Touch(bytes.back());
}

// What came out of a turn.
struct Tally {
  std::array<uint64_t, 3> outcomes{};  // of the timed part, by Outcome
  uint64_t ticks = 0;                  // of the timed part
  Histogram gets;
  Histogram sets;

  uint64_t operations() const { return outcomes[0] + outcomes[1] + outcomes[2]; }
};

// A turn has three parts, of fixed length: a tenth to fill the processor's caches, the timed part,
// and a quarter in which every operation is timed by itself. So the time per operation has no clock
// in it, and the histogram has many samples. Threads begin each turn together.
class Turn {
 public:
  Turn(int thread, uint64_t ticks, int gets_percent, KeySequence::Walk walk, std::barrier<>& start)
      : ticks_(ticks),
        set_below_(static_cast<uint32_t>((100 - gets_percent) * (UINT32_MAX / 100))),
        random_(0x9E3779B97F4A7C15 + static_cast<uint64_t>(thread)),
        walk_(walk),
        start_(start) {}

  // The next key; for operations that take more than the one they are given.
  const Key& Next() { return walk_.Next(); }

  // Whether the next operation of a mixed workload is a set. A few instructions.
  bool NextIsSet() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<uint32_t>(random_) < set_below_;
  }

  // Runs `operation(key)`, which returns its Outcome, until the turn is over.
  template <typename Operation>
  void Run(Operation operation) {
    start_.arrive_and_wait();
    Loop(ticks_ / 10, operation);
    tally_.outcomes = {};
    tally_.ticks = Loop(ticks_, operation);
    const uint64_t end = Tsc::Now() + ticks_ / 4;
    for (uint64_t after = 0; after < end;) {
      const Key& key = walk_.Next();
      const uint64_t before = Tsc::NowInOrder();
      const Outcome outcome = operation(key);
      after = Tsc::NowInOrder();
      (outcome == Outcome::kSet ? tally_.sets : tally_.gets).Add(after - before);
    }
  }

  const Tally& tally() const { return tally_; }
  const KeySequence::Walk& walk() const { return walk_; }

 private:
  // The clock is read once per so many operations.
  static constexpr int kOperations = 32;

  template <typename Operation>
  uint64_t Loop(uint64_t ticks, Operation& operation) {
    const uint64_t start = Tsc::Now();
    uint64_t now = start;
    // Counted here, so that the compiler may keep it in registers.
    uint64_t hits = 0;
    uint64_t sets = 0;
    uint64_t all = 0;
    while (now - start < ticks) {
      for (int i = 0; i < kOperations; ++i) {
        const Outcome outcome = operation(walk_.Next());
        hits += outcome == Outcome::kHit ? 1 : 0;
        sets += outcome == Outcome::kSet ? 1 : 0;
      }
      all += kOperations;
      now = Tsc::Now();
    }
    tally_.outcomes = {hits, all - hits - sets, sets};
    return now - start;
  }

  const uint64_t ticks_;
  const uint32_t set_below_;
  uint64_t random_;
  KeySequence::Walk walk_;
  std::barrier<>& start_;
  Tally tally_;
};

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_TURN_H_
