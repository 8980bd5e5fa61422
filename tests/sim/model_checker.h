// What we promise, checked on every read and at the end of every schedule. It sees everything and
// tells nobody.
#ifndef TRIVET_TESTS_SIM_MODEL_CHECKER_H_
#define TRIVET_TESTS_SIM_MODEL_CHECKER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "tests/sim/model_store.h"
#include "tests/sim/model_types.h"

namespace trivet::sim {

enum class Violation : uint8_t {
  kReadYourWrites,  // a process saw what it had itself ended before it asked
  kBound,           // somebody saw what had ended longer ago than D (with a dead writer: D + R)
  kResurrected,     // Redis took a value that every part had been told is over
  kMemoryDiverged,  // when all is quiet, memory serves what is over
  kRedisDiverged,   // when all is quiet, Redis offers what is over
  kNotMonotonic,    // one process alone, which only sets, went back in time
  kNotServing,      // when all is quiet, what was just loaded is not in memory
  kStuck,           // it does not become quiet
  kCount,
};
constexpr size_t kViolationCount = static_cast<size_t>(Violation::kCount);
const char* NameOf(Violation violation);

class Checker {
 public:
  // A read that began.
  struct Reading {
    uint32_t process = 0;
    uint32_t key = 0;
    VersionSet over_for_process = 0;
    VersionSet over_for_all = 0;
    Version floor = 0;
  };

  Checker(const Settings& settings, const Store& store);

  Reading Begin(uint32_t process, uint32_t key, Tick now) const;
  void End(const Reading& reading, Version version);

  void Committed(const Change& change);  // a row of the change log promises the rest
  void Acknowledged(uint32_t process, const Change& change);  // the call returned
  void Told(const Change& change, Tick now);                  // every part of Redis knows
  void StoredInRedis(uint32_t key, Version version);
  void Died(uint32_t process) { over_for_process_[process] = {}; }

  // Whether nobody may show the version once all is quiet.
  bool IsOver(uint32_t key, Version version) const { return Has(over_in_the_end_[key], version); }
  void Report(Violation violation) { ++counts_[static_cast<size_t>(violation)]; }
  const std::array<uint64_t, kViolationCount>& counts() const { return counts_; }
  bool ok() const { return counts_ == std::array<uint64_t, kViolationCount>{}; }

 private:
  using PerKey = std::array<VersionSet, kMaxKeys>;

  void EndsAt(const Change& change, Tick when);

  const Settings& settings_;
  const Store& store_;
  std::array<PerKey, kMaxProcesses> over_for_process_ = {};
  std::array<std::array<Tick, kMaxVersion + 1>, kMaxKeys> over_since_;
  PerKey told_ = {};
  PerKey over_in_the_end_ = {};
  std::array<std::array<Version, kMaxKeys>, kMaxProcesses> seen_ = {};
  std::array<uint64_t, kViolationCount> counts_ = {};
};

}  // namespace trivet::sim

#endif  // TRIVET_TESTS_SIM_MODEL_CHECKER_H_
