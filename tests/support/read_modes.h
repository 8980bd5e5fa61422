// The ways in which a cache lets its readers in, for tests that should hold in all of them.
#ifndef TRIVET_TESTS_SUPPORT_READ_MODES_H_
#define TRIVET_TESTS_SUPPORT_READ_MODES_H_

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "engine/grace_fence.h"

namespace trivet::testing {

// While it lives, fences are those of a system without membarrier(2). It must outlive the cache:
// each mutex of a thread takes its fence when that thread first comes.
//
// Built for TSan both kinds of fence are the same exchange, so there it makes no difference; nor
// where the system has no membarrier(2). That a fence is missing shows by its race alone: in
// owner_mutex_test each time, in churn_test mostly, in tests of fewer steps hardly ever.
class [[nodiscard]] ScopedReaderFence {
 public:
  explicit ScopedReaderFence(bool force = true) { engine::ForceReaderFence(force); }
  ScopedReaderFence(const ScopedReaderFence&) = delete;
  ScopedReaderFence& operator=(const ScopedReaderFence&) = delete;
  ~ScopedReaderFence() { engine::ForceReaderFence(false); }
};

// What tests with a parameter for ScopedReaderFence are called.
inline std::string FenceName(const ::testing::TestParamInfo<bool>& reader_fence) {
  return reader_fence.param ? "Reader" : "Membarrier";
}

// Hits under S3-FIFO take no lock and pass one of two fences; under LRU they take it.
struct ReadMode {
  const char* name;
  const char* policy;
  bool reader_fence = false;

  friend std::ostream& operator<<(std::ostream& out, const ReadMode& mode) {
    return out << mode.name;
  }
};

inline constexpr ReadMode kReadModes[] = {
    {.name = "S3Fifo", .policy = "s3fifo"},
    {.name = "ReaderFence", .policy = "s3fifo", .reader_fence = true},
    {.name = "Lru", .policy = "lru"}};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_READ_MODES_H_
