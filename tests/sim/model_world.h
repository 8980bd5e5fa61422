// One schedule: processes, Redis, the store and the clock, in one thread, driven by one seed.
//
// The world picks what happens next: an operation takes a step, Redis executes a command, a message
// arrives, a clock ticks, something breaks. When the clients are done it lets everything become
// quiet, and looks at what is left.
#ifndef TRIVET_TESTS_SIM_MODEL_WORLD_H_
#define TRIVET_TESTS_SIM_MODEL_WORLD_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/model_checker.h"
#include "tests/sim/model_diary.h"
#include "tests/sim/model_process.h"
#include "tests/sim/model_redis.h"
#include "tests/sim/model_store.h"
#include "tests/sim/model_task.h"
#include "tests/sim/model_types.h"

namespace trivet::sim {

// What clients do; Settings::kinds has a bit for each.
enum class ClientKind : uint8_t {
  kGet,
  kGuardedSet,  // others learn of the write before it is committed
  kPlainSet,
  kInvalidateKey,
  kInvalidateTag,
  kClear,
  kInvalidatePattern,
  kCount,
};

// What breaks; Settings::faults has a bit for each.
enum class Fault : uint8_t {
  kEvictSlot,
  kEvictHash,
  kPruneStamp,
  kFlush,
  kFailOver,
  kOutage,
  kLoseConnection,
  kLoseSubscription,
  kLoseMessage,
  kRepeatMessage,
  kSwapMessages,
  kEvictEntry,
  kForgetTag,
  kDeath,
  kLeap,  // of the clock: everybody was slow
  kCount,
};

struct Tally {
  uint64_t operations = 0;  // of clients
  uint64_t reads = 0;
  uint64_t memory_hits = 0;
  uint64_t redis_hits = 0;
  uint64_t joins = 0;
  uint64_t fills = 0;
  uint64_t sets_kept = 0;  // in Redis
  uint64_t faults = 0;

  Tally& operator+=(const Tally& other);
};

class World {
 public:
  World(const Settings& settings, uint64_t seed);

  // The whole schedule.
  void Run();
  const Checker& checker() const { return checker_; }
  const Tally& tally() const { return tally_; }

  // --- For operations
  // -----------------------------------------------------------------------------

  const Settings& settings() const { return settings_; }
  bool Keep(Rule rule) const { return settings_.Keep(rule); }
  Tick now() const { return now_; }
  Random& random() { return random_; }
  Store& store() { return store_; }
  Checker& checker() { return checker_; }
  Tally& tally() { return tally_; }
  Diary& diary() { return diary_; }
  // Writes to the diary, if there is one.
  template <typename... Arguments>
  void Note(const char* format, Arguments... arguments) const {
    if constexpr (sizeof...(arguments) == 0) {
      diary_.Note(now_, "%s", format);
    } else {
      diary_.Note(now_, format, arguments...);
    }
  }
  Token NewToken() { return ++tokens_; }
  // Steps that are random while clients work, and go ahead when all shall become quiet.
  bool Coin() { return !quiet_ && random_.OneIn(2); }

  // Starts an operation of the process; it dies with the process.
  void Start(const Process& process, Task task, bool of_client = false);
  ChangeId Commit(const Change& change, KeySet changed);
  void Told(ChangeId change, uint32_t part);
  void Subscribe(Process& process, uint32_t part);

 private:
  struct Operation {
    Task task;
    uint32_t process = 0;
    bool of_client = false;
  };

  void Settle();
  void CheckTheEnd();
  void Step();
  void StartClient();
  void Progress();
  void TakeStep(size_t index);
  void Answer(Operation& operation, Ask& ask);
  Reply Execute(const Command& command);
  bool DeliverTo(uint32_t process, uint32_t part);
  void Upkeep(Process& process, uint32_t part);
  void RunAlone(Task task, const Process& process);
  bool IsQuiet();

  void Break();
  void Inflict(Fault fault);
  void CutConnection(uint32_t process, uint32_t part);
  void CutSubscription(uint32_t process, uint32_t part);
  void CutAll(uint32_t part);
  void Kill(uint32_t process);

  Process& AnyProcess() { return *processes_[random_.Below(settings_.processes)]; }
  std::deque<Record>& Queue(uint32_t process, uint32_t part) { return queues_[process][part]; }

  const Settings settings_;
  Random random_;
  Tick now_ = 1000;
  Token tokens_ = 0;
  bool quiet_ = false;
  uint32_t clients_left_;
  uint32_t clients_at_work_ = 0;

  Store store_;
  Checker checker_;
  Tally tally_;
  Diary diary_;
  std::vector<RedisPart> redis_;
  std::array<Tick, kMaxParts> down_until_ = {};
  std::array<std::optional<Process>, kMaxProcesses> processes_;
  std::array<std::array<std::deque<Record>, kMaxParts>, kMaxProcesses> queues_;
  std::vector<Operation> operations_;
  std::vector<Command> strays_;  // their sender gave up, and yet they may arrive
};

// The settings of the schedule with this seed.
Settings DrawSettings(uint64_t seed, const Rules& rules);

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_WORLD_H_
