// The small words of the model: times, keys, versions, sets of them, and what a schedule is like.
#ifndef TRIVET_TESTS_SIM_MODEL_TYPES_H_
#define TRIVET_TESTS_SIM_MODEL_TYPES_H_

#include <cstddef>
#include <cstdint>

#include "tests/sim/model_rules.h"

namespace trivet::sim {

using Tick = int64_t;      // time; think of 10 ms
using Version = uint32_t;  // of a key's truth: 1, 2, 3...; 0 is "not known"
using Token = uint64_t;    // unique; 0 is none
using Generation = uint32_t;

// Few of everything, so that things collide.
constexpr uint32_t kMaxProcesses = 3;
constexpr uint32_t kMaxKeys = 3;
constexpr uint32_t kMaxParts = 2;
constexpr uint32_t kTagCount = 2;
constexpr Version kMaxVersion = 63;

using KeySet = uint32_t;      // bit k: key k
using TagSet = uint32_t;      // bit t: tag t
using PartSet = uint32_t;     // bit p: part p
using VersionSet = uint64_t;  // bit v: version v

template <typename Set>
constexpr bool Has(Set set, uint32_t member) {
  return ((set >> member) & 1) != 0;
}

// What one schedule is about; drawn from its seed. Each leaves out most kinds of trouble, so that
// the others meet more often than they would if everything happened all the time.
struct Settings {
  Rules rules;
  uint32_t processes = 1;
  uint32_t keys = 1;
  uint32_t parts = 1;
  bool versioned =
      false;  // the store is ours and gives versions; else it is the user's, and entries have none
  bool only_sets = false;  // then one process must read monotonically
  uint32_t client_operations = 8;
  uint32_t kinds = ~0U;   // bit i: clients do the i-th kind of thing
  uint32_t faults = 0;    // bit i: the i-th kind of fault happens
  uint32_t pace = 1;      // ticks at a time
  uint32_t leisure = 1;   // one in so many chances to do what writers left undone is taken
  uint64_t tag_salt = 0;  // which versions carry which tags

  Tick bound = 40;        // D: how long a proof serves
  Tick heartbeat = 10;    // H
  Tick relay_after = 20;  // R: a row of the change log this old is anybody's to apply
  Tick claim_life = 30;

  uint32_t PartOf(uint32_t key) const { return key % parts; }
  bool Keep(Rule rule) const { return rules.Keep(rule); }
};

// xorshift; a schedule needs many numbers, and none of them good.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL | 1) {
    for (int i = 0; i < 4; ++i) Next();
  }
  uint32_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<uint32_t>(state_ >> 16);
  }
  uint32_t Below(uint32_t bound) {
    return static_cast<uint32_t>((static_cast<uint64_t>(Next()) * bound) >> 32);
  }
  bool OneIn(uint32_t chances) { return Below(chances) == 0; }

 private:
  uint64_t state_;
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_TYPES_H_
