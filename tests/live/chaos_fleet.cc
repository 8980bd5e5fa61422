#include "tests/live/chaos_fleet.h"

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace trivet::testing {

ChaosFleet::ChaosFleet(ChaosBoard& board, int board_file, size_t processes, const ChaosWork& work)
    : board_(board), board_file_(board_file), work_(work), workers_(processes) {
  for (size_t i = 0; i < processes; ++i) Start(i);
}

void ChaosFleet::Start(size_t worker) {
  for (auto& own : board_.own[worker]) own = 0;
  workers_[worker].Start({std::filesystem::read_symlink("/proc/self/exe"), "worker",
                          absl::StrCat(board_file_), work_.place.redis_url, work_.place.store_path,
                          absl::StrCat(worker), absl::StrCat(work_.threads),
                          absl::StrCat(work_.rate), work_.naive ? "naive" : "trivet",
                          absl::StrCat(work_.seed + starts_++)});
}

void ChaosFleet::Replace(size_t worker) {
  workers_[worker].Kill();
  Start(worker);
}

bool ChaosFleet::AwaitEnd() {
  bool all_well = true;
  for (ChildProcess& worker : workers_) all_well = worker.AwaitEnd() && all_well;
  return all_well;
}

int ChaosFleet::WorkerMain(char** arguments) {
  ChaosBoard& board = *OpenChaosBoard(std::atoi(arguments[0]));
  const ChaosWork work{.place = {.redis_url = arguments[1], .store_path = arguments[2]},
                       .slot = static_cast<size_t>(std::atoi(arguments[3])),
                       .threads = static_cast<size_t>(std::atoi(arguments[4])),
                       .rate = std::atof(arguments[5]),
                       .naive = std::string(arguments[6]) == "naive",
                       .seed = std::strtoull(arguments[7], nullptr, 10)};
  DoChaosWork(work, board);
  return 0;
}

}  // namespace trivet::testing
