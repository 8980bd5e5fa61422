// What the facts about a Redis server mean for trivet.
#ifndef TRIVET_BINDINGS_CLI_REDIS_FINDINGS_H_
#define TRIVET_BINDINGS_CLI_REDIS_FINDINGS_H_

#include <string>
#include <vector>

#include "bindings/cli/redis_facts.h"

namespace trivet::cli {

struct Finding {
  enum class Level {
    kOk,
    kWarning,  // it works, and costs more than it must, or will not always work
    kProblem,  // trivet cannot use the server
  };
  std::string name = {};
  Level level = Level::kOk;
  std::string value = {};    // what was found
  std::string meaning = {};  // what follows from it, in whole sentences
};

// "ok", "warning" or "problem".
const char* LevelName(Finding::Level level);

// In a fixed order; what could not be found out is left out, or said to be unknown. The facts of a
// server that does not let us in have one finding.
std::vector<Finding> JudgeRedis(const RedisFacts& facts);

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_REDIS_FINDINGS_H_
