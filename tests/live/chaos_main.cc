// Real processes over a real redis-server and one SQLite file, while everything goes wrong that
// does: whatever is read is checked.
//
//   chaos_main [--reads N] [--processes N] [--threads N] [--rate N] [--seed N] [--naive]
//
// Each process begins with a cold cache, reads and now and then writes; every two seconds something
// breaks. A read may not show what this process replaced before, nor what any process replaced
// longer ago than the bound. The last line counts; exit 1 if there was a violation.
//
// --naive: the same against a cache-aside as people write it (read Redis, else the store, and put
// it there; change the store, then delete from Redis). Ends at the first violation; exit 1 if there
// was none.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/check.h"
#include "tests/live/chaos_board.h"
#include "tests/live/chaos_fleet.h"
#include "tests/live/chaos_nemesis.h"
#include "tests/live/chaos_pages.h"
#include "tests/live/fault_proxy.h"
#include "tests/live/redis_process.h"
#include "tests/store/temp_folder.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

constexpr absl::Duration kFaultPeriod = absl::Seconds(2);
constexpr absl::Duration kSnapshotPeriod = absl::Milliseconds(20);

struct Request {
  uint64_t reads = 1'000'000;
  size_t processes = 8;
  size_t threads = 4;
  double rate = 60'000;  // reads per second, of all
  uint64_t seed = 1;
  bool naive = false;
};

// Raises the floor of all reads that begin now: see ChaosBoard::floor.
class FloorKeeper {
 public:
  explicit FloorKeeper(ChaosBoard& board) : board_(board), thread_([this] { Keep(); }) {}
  ~FloorKeeper() {
    stopping_ = true;
    thread_.join();
  }

 private:
  // How versions stood, the oldest first.
  using History = std::deque<std::pair<absl::Time, std::vector<uint64_t>>>;

  void Keep() {
    History applied;
    History acknowledged;
    while (!stopping_) {
      TakeIn(board_.applied, applied, kChaosStaleness);
      TakeIn(board_.acknowledged, acknowledged, kChaosStaleness + kChaosRelay);
      absl::SleepFor(kSnapshotPeriod);
    }
  }

  void TakeIn(const ChaosVersions& versions, History& history, absl::Duration bound) {
    const std::vector<uint64_t> snapshot(versions.begin(), versions.end());
    const absl::Time now = absl::Now();
    history.emplace_back(now, snapshot);
    while (history.front().first <= now - bound) {
      const std::vector<uint64_t>& over = history.front().second;
      for (size_t i = 0; i < over.size(); ++i) RaiseTo(board_.floor[i], over[i]);
      history.pop_front();
    }
  }

  ChaosBoard& board_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

std::shared_ptr<Backing> FillStore(const std::string& path) {
  auto store = OpenSqlite({.path = path});
  TRIVET_CHECK(store.ok(), store.status().ToString());
  for (size_t key = 0; key < kChaosKeys; ++key) {
    const std::string name = absl::StrCat("k", key);
    const StoreWrite write{.key = name, .value = "a value"};
    TRIVET_CHECK((*store)->Write("users", {&write, 1}).ok(), "the store cannot be filled");
  }
  ChaosPages(path).Create();
  return *std::move(store);
}

void WriteTruth(Backing& store, const std::string& path, bool naive, ChaosBoard& board) {
  ChaosPages pages(path);
  for (size_t key = 0; key < kChaosKeys; ++key) {
    const auto user = store.Read("users", absl::StrCat("k", key));
    const auto page = pages.Read(key);
    TRIVET_CHECK(user.ok() && user->has_value() && page.ok(), "the truth cannot be read");
    board.truth[ChaosCell(ChaosSpace::kUsers, key)] = naive ? *page : (*user)->version;
    board.truth[ChaosCell(ChaosSpace::kPages, key)] = *page;
  }
}

void Await(const std::atomic<uint32_t>& count, size_t expected, const char* what) {
  const absl::Time give_up = absl::Now() + absl::Minutes(2);
  while (count < expected) {
    TRIVET_CHECK(absl::Now() < give_up, what);
    absl::SleepFor(absl::Milliseconds(5));
  }
}

int Run(const Request& request) {
  const TempFolder folder;
  const std::string store_path = folder.File("store.db");
  const std::shared_ptr<Backing> store = FillStore(store_path);
  int board_file = -1;
  ChaosBoard& board = *NewChaosBoard(&board_file);
  RedisProcess first(folder.File("first"));
  RedisProcess second(folder.File("second"));
  first.Start(true);
  FaultProxy proxy(first.port(), request.seed);
  const ChaosWork work{
      .place = {.redis_url = absl::StrCat("redis://127.0.0.1:", proxy.port()),
                .store_path = store_path},
      .slot = 0,
      .threads = request.threads,
      .rate = request.rate / static_cast<double>(request.processes),
      .naive = request.naive,
      .seed = request.seed,
  };
  ChaosFleet fleet(board, board_file, request.processes, work);
  Await(board.ready, request.processes, "the processes do not start");
  size_t faults = 0;
  {
    const FloorKeeper floor(board);
    ChaosNemesis nemesis(first, second, proxy, fleet, board, request.seed);
    absl::SleepFor(kFaultPeriod);
    // One violation shows what a naive cache is worth.
    while (board.reads < request.reads && !(request.naive && board.violations() > 0)) {
      const absl::Time next = absl::Now() + kFaultPeriod;
      std::printf("%11llu reads, %llu violations; %s\n",
                  static_cast<unsigned long long>(board.reads.load()),
                  static_cast<unsigned long long>(board.violations()), nemesis.Strike());
      std::fflush(stdout);
      ++faults;
      absl::SleepFor(next - absl::Now());
    }
  }
  board.phase = ChaosBoard::kQuiet;
  Await(board.quiet, request.processes, "the processes do not come to rest");
  absl::SleepFor(kChaosStaleness + kChaosRelay);
  WriteTruth(*store, store_path, request.naive, board);
  board.phase = ChaosBoard::kFinal;
  const bool all_ended = fleet.AwaitEnd();
  const auto count = [](const std::atomic<uint64_t>& number) {
    return static_cast<unsigned long long>(number.load());
  };
  std::printf(
      "%s: %llu reads (%llu from memory, %llu from Redis, %llu failed), %llu writes (%llu "
      "deferred, %llu failed), %llu locks (%llu writes fenced out), %zu faults, %llu messages "
      "harmed, %llu violations",
      request.naive ? "naive cache-aside" : "trivet", count(board.reads), count(board.from_memory),
      count(board.from_shared), count(board.read_errors), count(board.writes),
      count(board.deferred), count(board.write_errors), count(board.locks), count(board.fenced_out),
      faults, static_cast<unsigned long long>(proxy.harmed()),
      static_cast<unsigned long long>(board.violations()));
  if (board.violations() > 0) {
    std::printf(
        " (own change missing %llu, older than the bound %llu, wrong in the end %llu, not "
        "served in the end %llu, fence breached %llu)",
        count(board.own_missing), count(board.too_old), count(board.diverged),
        count(board.not_served), count(board.fence_breached));
  }
  std::printf("\n");
  if (!all_ended) std::fprintf(stderr, "a process did not come to its end\n");
  return all_ended && (board.violations() > 0) == request.naive ? 0 : 1;
}

int Main(int count, char** arguments) {
  if (count == 10 && std::strcmp(arguments[1], "worker") == 0) {
    return ChaosFleet::WorkerMain(arguments + 2);
  }
  Request request;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--naive") {
      request.naive = true;
      continue;
    }
    const char* const value = i + 1 < count ? arguments[++i] : "";
    char* end = nullptr;
    const uint64_t number = std::strtoull(value, &end, 10);
    const bool is_number = end != value && *end == '\0' && number > 0;
    if (is_number && name == "--reads") {
      request.reads = number;
    } else if (is_number && name == "--processes" && number <= kChaosProcessesMax) {
      request.processes = number;
    } else if (is_number && name == "--threads" && number <= 64) {
      request.threads = number;
    } else if (is_number && name == "--rate") {
      request.rate = static_cast<double>(number);
    } else if (is_number && name == "--seed") {
      request.seed = number;
    } else {
      std::fprintf(stderr,
                   "usage: chaos_main [--reads N] [--processes N] [--threads N] [--rate N] "
                   "[--seed N] [--naive]\n");
      return 2;
    }
  }
  return Run(request);
}

}  // namespace
}  // namespace trivet::testing

int main(int count, char** arguments) { return trivet::testing::Main(count, arguments); }
