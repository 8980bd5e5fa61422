// Runs schedules of the model, many more than a test has time for.
//
//   model_main sim [--seeds N] [--first SEED]       the full protocol; exit 1 if it is violated
//   model_main mutants [--seeds N] [--first SEED]   each rule in turn forgotten, until it shows
//   model_main trace --first SEED                   what happened in the schedule with this seed
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/model_runs.h"

namespace trivet::sim {
namespace {

int Simulate(uint64_t first, uint64_t seeds) {
  const Runs runs = RunMany(Rules(), first, seeds);
  std::printf("%s\n", Summary(runs).c_str());
  return runs.violated == 0 ? 0 : 1;
}

int Mutate(uint64_t first, uint64_t seeds) {
  const Kills kills = RunMutants(first, seeds, [](const Kill& kill) {
    std::printf("%s\n", Line(kill).c_str());
    std::fflush(stdout);
  });
  std::printf("%s\n", Summary(kills).c_str());
  return kills.unexpected == 0 ? 0 : 1;
}

int Main(int count, char** arguments) {
  uint64_t seeds = 0;
  uint64_t first = 1;
  const std::string command = count > 1 ? arguments[1] : "";
  for (int i = 2; i + 1 < count; i += 2) {
    const uint64_t number = std::strtoull(arguments[i + 1], nullptr, 10);
    if (std::strcmp(arguments[i], "--seeds") == 0) seeds = number;
    if (std::strcmp(arguments[i], "--first") == 0) first = number;
  }
  if (command == "sim") return Simulate(first, seeds != 0 ? seeds : 100'000);
  if (command == "trace") {
    World world(DrawSettings(first, Rules()), first);
    world.diary().Open(stdout);
    world.Run();
    return world.checker().ok() ? 0 : 1;
  }
  if (command == "mutants") return Mutate(first, seeds != 0 ? seeds : 100'000);
  std::fprintf(stderr, "usage: model_main sim|mutants|trace [--seeds N] [--first SEED]\n");
  return 2;
}

}  // namespace
}  // namespace trivet::sim

int main(int count, char** arguments) { return trivet::sim::Main(count, arguments); }
