// Several real caches, one shared server and one store in one thread, from one seed.
#ifndef TRIVET_TESTS_SIM_LIVE_WORLD_H_
#define TRIVET_TESTS_SIM_LIVE_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "absl/time/time.h"
#include "tests/sim/live_fibers.h"
#include "tests/sim/live_line.h"
#include "tests/sim/live_random.h"
#include "tests/sim/live_store.h"
#include "tests/sim/live_tally.h"
#include "tests/sim/live_truth.h"
#include "tests/support/fake_shared_tier.h"
#include "tests/support/memory_backing.h"
#include "trivet/cache.h"
#include "trivet/clock.h"

namespace trivet::sim {

// One schedule.
class LiveWorld {
 public:
  // What all processes agree upon.
  static constexpr absl::Duration kBound = absl::Seconds(2);
  static constexpr absl::Duration kRelay = absl::Milliseconds(500);
  static constexpr char kUsers[] = "users";  // whose truth is in the store
  static constexpr char kPages[] = "pages";  // whose truth is the program's

  explicit LiveWorld(uint64_t seed, std::FILE* diary = nullptr);
  ~LiveWorld();

  LiveTally Run();

 private:
  struct Process {
    std::shared_ptr<Line> line;
    std::shared_ptr<SimStore> store;
    std::unique_ptr<Cache> cache;
    bool dead = false;
  };
  struct Settings {
    size_t processes;
    size_t clients;
    size_t operations;
    size_t keys;
    size_t parts;
    bool guarded;
    size_t calm;   // one turn in so many brings a fault of the server or a line; 0: none
    size_t leaps;  // of the clock, one turn in so many; 0: none
    bool deaths;
    absl::Duration claim_wait;
    const char* policy;  // they are read in different ways
    Line::Weather weather;
  };
  static Settings Draw(Chance& chance);

  // One more process begins.
  void Start();
  void Upkeep(size_t process);
  void Client(size_t process);

  // Operations of a client.
  void Read(size_t process);
  void ReadMany(size_t process);
  void Store(size_t process);
  void Load(size_t process);
  void ChangeElsewhere(size_t process);

  size_t NextFiber(size_t fibers);
  void SomethingHappens();
  void Heal();
  void CheckQuiet();

  // The text of an answer; nullopt: there is nothing.
  static Truth::Value ValueOf(const Result& result);
  std::string AnyKey();
  std::string AnyTag();
  // One process that nothing happens to: its store has one history for all its threads.
  bool IsAlone() const;
  absl::Duration now() const { return clock_.Elapsed(); }
  void Check(size_t process, const Truth::Key& key, const Truth::Over& over,
             const absl::StatusOr<Result>& answer);
  __attribute__((format(printf, 2, 3))) void Note(const char* format, ...);

  Chance chance_;
  absl::BitGenRef random_;
  const Settings settings_;
  std::FILE* const diary_;
  Fibers fibers_;
  ManualClock clock_;
  testing::FakeSharedServer server_;
  std::shared_ptr<testing::MemoryBacking> rows_;
  Truth truth_;
  std::vector<Process> processes_;
  bool quiet_ = false;     // no faults, and time passes by itself
  bool stopping_ = false;  // upkeep ends
  size_t clients_ = 0;     // that have not ended
  size_t upkeeps_ = 0;     // the same
  // DeleteTag and Clear: a read beside them may show either side, and the next one the other.
  size_t groups_under_way_ = 0;
  LiveTally tally_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_LIVE_WORLD_H_
