// Runs schedules of the real code, many more than a test has time for.
//
//   live_main sim [--seeds N] [--first SEED] [--jobs N]   exit 1 if a promise was broken
//   live_main until [--seeds N] [--first SEED]            the same, and stops there
//   live_main trace --first SEED                          what happened in that schedule
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/live_world.h"

namespace trivet::sim {
namespace {

constexpr int kShownMax = 10;

struct Request {
  uint64_t seeds = 100'000;
  uint64_t first = 1;
  uint64_t jobs = 1;
  bool stops = false;  // at the first violation
};

// Every jobs-th seed, beginning with the job's own.
LiveTally RunSome(const Request& request, uint64_t job) {
  LiveTally all;
  int shown = 0;
  for (uint64_t i = job; i < request.seeds; i += request.jobs) {
    const LiveTally tally = LiveWorld(request.first + i).Run();
    all += tally;
    if (tally.violations() == 0) continue;
    if (++shown <= kShownMax) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(request.first + i),
                  Summary(tally).c_str());
      std::fflush(stdout);
    }
    if (request.stops) break;
  }
  return all;
}

// Each job in a process of its own: a simulated world has its thread to itself.
LiveTally RunAll(const Request& request) {
  if (request.jobs == 1) return RunSome(request, 0);
  const size_t bytes = request.jobs * sizeof(LiveTally);
  void* const shared =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    std::perror("mmap");
    std::exit(2);
  }
  auto* const tallies = static_cast<LiveTally*>(shared);
  for (uint64_t job = 0; job < request.jobs; ++job) {
    const pid_t child = fork();
    if (child == 0) {
      tallies[job] = RunSome(request, job);
      _exit(0);
    }
    if (child < 0) {
      std::perror("fork");
      std::exit(2);
    }
  }
  bool all_ended = true;
  for (int status = 0; wait(&status) > 0;) all_ended = all_ended && status == 0;
  LiveTally all;
  for (uint64_t job = 0; job < request.jobs; ++job) all += tallies[job];
  if (!all_ended) {
    std::fprintf(stderr, "a job did not come to its end\n");
    std::exit(2);
  }
  return all;
}

int Main(int count, char** arguments) {
  Request request;
  const std::string command = count > 1 ? arguments[1] : "";
  for (int i = 2; i + 1 < count; i += 2) {
    const uint64_t number = std::strtoull(arguments[i + 1], nullptr, 10);
    if (std::strcmp(arguments[i], "--seeds") == 0) request.seeds = number;
    if (std::strcmp(arguments[i], "--first") == 0) request.first = number;
    if (std::strcmp(arguments[i], "--jobs") == 0 && number > 0) request.jobs = number;
  }
  LiveTally tally;
  if (command == "trace") {
    tally = LiveWorld(request.first, stdout).Run();
  } else if (command == "sim" || command == "until") {
    request.stops = command == "until";
    tally = RunAll(request);
  } else {
    std::fprintf(stderr,
                 "usage: live_main sim|until|trace [--seeds N] [--first SEED] [--jobs N]\n");
    return 2;
  }
  std::printf("%s\n", Summary(tally).c_str());
  return tally.violations() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace trivet::sim

int main(int count, char** arguments) { return trivet::sim::Main(count, arguments); }
