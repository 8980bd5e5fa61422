// The processor's time stamp counter: the cheapest look at a clock there is.
#ifndef TRIVET_BENCH_SUPPORT_TSC_H_
#define TRIVET_BENCH_SUPPORT_TSC_H_

#include <chrono>
#include <cstdint>
#include <thread>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace trivet::bench {

// Ticks of a constant rate, the same on all cores. On other processors: nanoseconds of the steady
// clock.
class Tsc {
 public:
  static uint64_t Now() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
  }

  // For the two ends of one short operation: what comes before is done when the clock is read, and
  // what comes after has not begun.
  static uint64_t NowInOrder() {
#if defined(__x86_64__)
    _mm_lfence();
    const uint64_t ticks = __rdtsc();
    _mm_lfence();
    return ticks;
#else
    return Now();
#endif
  }

  // Measured once, against the steady clock.
  static double TicksPerSecond() {
    static const double rate = [] {
      using Steady = std::chrono::steady_clock;
      const auto start = Steady::now();
      const uint64_t start_ticks = Now();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const uint64_t ticks = Now() - start_ticks;
      return static_cast<double>(ticks) /
             std::chrono::duration<double>(Steady::now() - start).count();
    }();
    return rate;
  }

  static double Seconds(uint64_t ticks) { return static_cast<double>(ticks) / TicksPerSecond(); }
  static double Nanoseconds(double ticks) { return ticks / TicksPerSecond() * 1e9; }
};

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_TSC_H_
