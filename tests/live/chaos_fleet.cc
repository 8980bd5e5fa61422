#include "tests/live/chaos_fleet.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/check.h"

namespace trivet::testing {

ChaosFleet::ChaosFleet(ChaosBoard& board, int board_file, size_t processes, const ChaosWork& work)
    : board_(board), board_file_(board_file), work_(work), workers_(processes, -1) {
  for (size_t i = 0; i < processes; ++i) Start(i);
}

ChaosFleet::~ChaosFleet() {
  for (const pid_t worker : workers_) {
    if (worker <= 0) continue;
    kill(worker, SIGKILL);
    waitpid(worker, nullptr, 0);
  }
}

void ChaosFleet::Start(size_t worker) {
  for (auto& own : board_.own[worker]) own = 0;
  std::vector<std::string> words = {"setpriv",
                                    "--pdeathsig",
                                    "KILL",
                                    "/proc/self/exe",
                                    "worker",
                                    absl::StrCat(board_file_),
                                    work_.place.redis_url,
                                    work_.place.store_path,
                                    absl::StrCat(worker),
                                    absl::StrCat(work_.threads),
                                    absl::StrCat(work_.rate),
                                    work_.naive ? "naive" : "trivet",
                                    absl::StrCat(work_.seed + starts_++)};
  // setpriv would name itself.
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  TRIVET_CHECK(length > 0, "this program has no name");
  words[3].assign(self, static_cast<size_t>(length));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  TRIVET_CHECK(posix_spawnp(&workers_[worker], arguments[0], nullptr, nullptr, arguments.data(),
                            environ) == 0,
               "a worker cannot be started");
}

void ChaosFleet::Pause(size_t worker) { kill(workers_[worker], SIGSTOP); }

void ChaosFleet::Resume(size_t worker) { kill(workers_[worker], SIGCONT); }

void ChaosFleet::Replace(size_t worker) {
  kill(workers_[worker], SIGKILL);
  waitpid(workers_[worker], nullptr, 0);
  Start(worker);
}

bool ChaosFleet::AwaitEnd() {
  bool all_well = true;
  for (pid_t& worker : workers_) {
    int status = 0;
    waitpid(std::exchange(worker, -1), &status, 0);
    all_well = all_well && status == 0;
  }
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
