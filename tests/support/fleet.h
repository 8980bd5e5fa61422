// Several caches, as in so many processes, over one shared server and one store.
#ifndef TRIVET_TESTS_SUPPORT_FLEET_H_
#define TRIVET_TESTS_SUPPORT_FLEET_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/fake_shared_tier.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/faulty_shared_tier.h"
#include "tests/support/memory_backing.h"
#include "trivet/cache.h"
#include "trivet/clock.h"

namespace trivet::testing {

// The value of an answer, "-" for none, or the error.
inline std::string Text(const absl::StatusOr<Result>& answer) {
  if (!answer.ok()) return answer.status().ToString();
  return answer->value ? std::string(answer->bytes()) : "-";
}

// What memory alone answers, "-" for nothing.
inline std::string InMemory(Namespace space, std::string_view key) {
  std::string out = "-";
  space.FindInto(key, &out);
  return out;
}

// Nothing happens in the background: Beat does what the threads of all caches would.
class Fleet {
 public:
  struct Options {
    size_t processes = 2;
    bool with_store = true;
    uint32_t parts = 1;
    CoherenceOptions coherence = {.claim_wait = absl::ZeroDuration()};
    NamespaceOptions namespace_defaults = {};
    // Of the last process.
    RemovalListener removal_listener = nullptr;
  };

  Fleet() : Fleet(Options()) {}
  explicit Fleet(const Options& options);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;
  // Checks the internals of the caches that have not ended.
  ~Fleet();

  Cache& cache(size_t process) { return *processes_[process].cache; }
  // The namespace "users" there.
  Namespace users(size_t process) { return cache(process).In("users"); }
  // What can be lost on the way from there to the server.
  FaultySharedTier& line(size_t process) { return *processes_[process].tier; }
  FaultyBacking& store(size_t process) { return *processes_[process].store; }

  ManualClock& clock() { return clock_; }
  FakeSharedServer& server() { return server_; }
  MemoryBacking& rows() { return *rows_; }

  // The cache goes, as when its process ends, or is killed before it has told anybody.
  void End(size_t process) { processes_[process].cache.reset(); }

  // The upkeep of all.
  void Beat();
  // Time passes, with upkeep every so often.
  void Pass(absl::Duration time, absl::Duration step = absl::Milliseconds(100));

 private:
  struct Process {
    std::unique_ptr<FakeSharedTier> fake;
    std::shared_ptr<FaultySharedTier> tier;
    std::shared_ptr<FaultyBacking> store;
    std::unique_ptr<Cache> cache;
  };

  ManualClock clock_;
  FakeSharedServer server_;
  std::shared_ptr<MemoryBacking> rows_;
  std::vector<Process> processes_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_FLEET_H_
