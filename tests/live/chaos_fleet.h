// The processes of a chaos run.
#ifndef TRIVET_TESTS_LIVE_CHAOS_FLEET_H_
#define TRIVET_TESTS_LIVE_CHAOS_FLEET_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/live/chaos_worker.h"
#include "tests/support/child_process.h"

namespace trivet::testing {

// Each is this program again, with `worker` and its numbers as arguments.
//
// Thread-safety: one call at a time.
class ChaosFleet {
 public:
  // `board_file` is that of NewChaosBoard. `work` is what each does, but for slot and seed.
  ChaosFleet(ChaosBoard& board, int board_file, size_t processes, const ChaosWork& work);
  ChaosFleet(const ChaosFleet&) = delete;
  ChaosFleet& operator=(const ChaosFleet&) = delete;

  size_t size() const { return workers_.size(); }
  void Pause(size_t worker) { workers_[worker].Pause(); }
  void Resume(size_t worker) { workers_[worker].Resume(); }
  // It dies at once, and another one takes its place.
  void Replace(size_t worker);
  // When all have ended by themselves. False: one of them failed.
  bool AwaitEnd();

  // What `main` of a worker does.
  static int WorkerMain(char** arguments);

 private:
  void Start(size_t worker);

  ChaosBoard& board_;
  const int board_file_;
  const ChaosWork work_;
  uint64_t starts_ = 0;
  std::vector<ChildProcess> workers_;  // never changes its size
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_CHAOS_FLEET_H_
