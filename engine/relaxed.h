// A number that one thread changes, under a lock or alone, while others read it without.
#ifndef TRIVET_ENGINE_RELAXED_H_
#define TRIVET_ENGINE_RELAXED_H_

#include <atomic>

namespace trivet::engine {

// Reads and writes like a T, without tearing and without ordering: nothing else may be concluded
// from its value. Changing it by its own value (+=) is no atomic step, so there is none.
template <typename T>
class Relaxed {
 public:
  Relaxed() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): it reads like a T
  Relaxed(T value) : value_(value) {}
  Relaxed(const Relaxed& other) : Relaxed(T{other}) {}
  Relaxed& operator=(const Relaxed& other) { return *this = T{other}; }
  Relaxed& operator=(T value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  // NOLINTNEXTLINE(google-explicit-constructor): it reads like a T
  operator T() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_{};
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_RELAXED_H_
