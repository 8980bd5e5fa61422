// The one source of chance in a schedule.
#ifndef TRIVET_TESTS_SIM_LIVE_RANDOM_H_
#define TRIVET_TESTS_SIM_LIVE_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <random>

namespace trivet::sim {

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}

  // Less than `n`.
  size_t Below(size_t n) { return static_cast<size_t>(engine_() % n); }
  bool OneIn(size_t n) { return n > 0 && Below(n) == 0; }
  bool Coin() { return OneIn(2); }
  std::mt19937_64& engine() { return engine_; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_LIVE_RANDOM_H_
