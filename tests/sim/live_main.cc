// Runs schedules of the real code, many more than a test has time for.
//
//   live_main sim [--seeds N] [--first SEED]   exit 1 if a promise was broken
//   live_main until [--seeds N] [--first SEED]   the same, and stops there
//   live_main trace --first SEED               what happened in the schedule with this seed
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/live_world.h"

namespace trivet::sim {
namespace {

int Main(int count, char** arguments) {
  uint64_t seeds = 10'000;
  uint64_t first = 1;
  const std::string command = count > 1 ? arguments[1] : "";
  for (int i = 2; i + 1 < count; i += 2) {
    const uint64_t number = std::strtoull(arguments[i + 1], nullptr, 10);
    if (std::strcmp(arguments[i], "--seeds") == 0) seeds = number;
    if (std::strcmp(arguments[i], "--first") == 0) first = number;
  }
  if (command == "trace") {
    const LiveTally tally = LiveWorld(first, stdout).Run();
    std::printf("%s\n", Summary(tally).c_str());
    return tally.violations() == 0 ? 0 : 1;
  }
  if (command != "sim" && command != "until") {
    std::fprintf(stderr, "usage: live_main sim|until|trace [--seeds N] [--first SEED]\n");
    return 2;
  }
  LiveTally all;
  int shown = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const LiveTally tally = LiveWorld(seed).Run();
    all += tally;
    if (tally.violations() == 0 || ++shown > 10) continue;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), Summary(tally).c_str());
    std::fflush(stdout);
    if (command == "until") break;
  }
  std::printf("%s\n", Summary(all).c_str());
  return all.violations() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace trivet::sim

int main(int count, char** arguments) { return trivet::sim::Main(count, arguments); }
