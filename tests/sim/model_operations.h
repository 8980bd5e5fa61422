// What processes do, each a coroutine that reads as the protocol is written (docs/protocol.md).
#ifndef TRIVET_TESTS_SIM_MODEL_OPERATIONS_H_
#define TRIVET_TESTS_SIM_MODEL_OPERATIONS_H_

#include <cstdint>
#include <memory>

#include "tests/sim/model_task.h"
#include "tests/sim/model_world.h"

namespace trivet::sim {

// --- Of clients
// -------------------------------------------------------------------------------------

Task Get(World& world, Process& process, uint32_t key);
// `guarded`: a mark in Redis before the commit.
Task Set(World& world, Process& process, uint32_t key, bool guarded);
// The truth of the keys in `changed` changed elsewhere; then this process tells it.
Task Invalidate(World& world, Process& process, Change change, KeySet changed);

// --- Of the processes themselves
// --------------------------------------------------------------------

// How telling Redis of a change went.
struct Telling {
  enum class State : uint8_t { kUnderWay, kTold, kGaveUp };
  State state = State::kUnderWay;
  bool stored = false;  // Redis took the value of a Set
};

// The value that a Set would like to leave in Redis.
struct OwnWrite {
  Token token = 0;
  bool with_value = false;
  TagSet tags = 0;
  uint64_t birth = 0;
};

// Tells one part of Redis of a change: for the writer at once, later from its pending set, or by
// anybody from the log.
Task Tell(World& world, Process& process, ChangeId change, uint32_t part, OwnWrite own,
          std::shared_ptr<Telling> telling);
Task ShakeHands(World& world, Process& process, uint32_t part);
Task Heartbeat(World& world, Process& process, uint32_t part);

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_OPERATIONS_H_
