// What the program that gets killed does, step by step, so that the test can tell what must be
// there.
#ifndef TRIVET_TESTS_STORE_KILL_SCRIPT_H_
#define TRIVET_TESTS_STORE_KILL_SCRIPT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace trivet::testing {

inline constexpr uint64_t kKillScriptKeys = 300;

inline constexpr uint64_t kKillScriptKeysPerStep = 4;  // at most

// Step `number`: these keys get this value, all or none, or are deleted.
struct KillScriptStep {
  std::vector<std::string> keys = {};
  std::string value = {};
  bool deletes = false;
};

inline KillScriptStep KillScriptStepOf(uint64_t number) {
  KillScriptStep step;
  const uint64_t keys = number % 5 == 0 ? kKillScriptKeysPerStep : 1;
  for (uint64_t i = 0; i < keys; ++i) {
    step.keys.push_back("key" + std::to_string((number * 31 + i * 7) % kKillScriptKeys));
  }
  step.deletes = number % 7 == 0;
  step.value = std::to_string(number) + std::string(number % 400, '.');
  return step;
}

// Where the changes of the step are logged; those of its keys follow one another.
inline uint64_t KillScriptTicketOf(uint64_t number) { return number * kKillScriptKeysPerStep; }

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_STORE_KILL_SCRIPT_H_
