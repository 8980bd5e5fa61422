// What randomised tests share: how much they do, and from which seed.
//
//   TEST(Glob, AgreesWithTheSlowMatcher) {
//     const uint64_t seed = RandomTestSeed();
//     SCOPED_TRACE(SeedTrace(seed));
//     std::mt19937_64 random(seed);
//     for (size_t i = 0; i < ScaledCount(1'000'000); ++i) ...
#ifndef TRIVET_TESTS_SUPPORT_RANDOM_TEST_H_
#define TRIVET_TESTS_SUPPORT_RANDOM_TEST_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace trivet::testing {

// TRIVET_TEST_SCALE times `count`, and at least 1. The scale is 1 if it is not set; instrumented
// builds take less, long runs more.
inline size_t ScaledCount(size_t count) {
  const char* scale = std::getenv("TRIVET_TEST_SCALE");
  if (scale == nullptr) return count;
  const double scaled = static_cast<double>(count) * std::strtod(scale, nullptr);
  return scaled < 1 ? 1 : static_cast<size_t>(scaled);
}

// TRIVET_TEST_SEED, to repeat a run that failed; else another one each time.
inline uint64_t RandomTestSeed() {
  const char* seed = std::getenv("TRIVET_TEST_SEED");
  return seed == nullptr ? std::random_device()() : std::strtoull(seed, nullptr, 10);
}

// What a failure should say.
inline std::string SeedTrace(uint64_t seed) { return "TRIVET_TEST_SEED=" + std::to_string(seed); }

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_RANDOM_TEST_H_
