#include "tests/live/chaos_worker.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "trivet/result.h"

namespace trivet::testing {
namespace {

constexpr size_t kBurst = 250;  // reads
constexpr size_t kReadsPerWrite = 400;
constexpr uint64_t kReportsMax = 5;
// Until what was changed last is everywhere, at the end.
constexpr absl::Duration kFinalPatience = absl::Seconds(20);

class Worker {
 public:
  Worker(ChaosClient& client, const ChaosWork& work, ChaosBoard& board, size_t thread)
      : client_(client),
        work_(work),
        board_(board),
        own_(board.own[work.slot]),
        random_(work.seed * 64 + thread) {}

  void Run() {
    const absl::Duration period =
        absl::Seconds(static_cast<double>(kBurst * work_.threads) / work_.rate);
    while (board_.phase == ChaosBoard::kRunning) {
      const absl::Time next = absl::Now() + period;
      for (size_t i = 0; i < kBurst; ++i) Read();
      if (random_() % kReadsPerWrite < kBurst) Write();
      Publish();
      absl::SleepFor(std::max(absl::ZeroDuration(), next - absl::Now()));
    }
  }

  // What is in all caches when everything has been told.
  void LookAtAll() {
    const absl::Time give_up = absl::Now() + kFinalPatience;
    for (size_t space = 0; space < kChaosSpaces; ++space) {
      for (size_t key = 0; key < kChaosKeys; ++key) {
        LookAt(static_cast<ChaosSpace>(space), key, give_up);
      }
    }
  }

 private:
  void Read() {
    const auto space = static_cast<ChaosSpace>(random_() % kChaosSpaces);
    const size_t key = std::min(random_() % kChaosKeys, random_() % kChaosKeys);
    const size_t cell = ChaosCell(space, key);
    const uint64_t floor = board_.floor[cell].load(std::memory_order_acquire);
    const uint64_t own = own_[cell].load(std::memory_order_acquire);
    const auto read = client_.Read(space, key);
    if (!read.ok()) {
      ++read_errors_;
      return;
    }
    ++reads_;
    if (read->tier == Tier::kMemory) ++from_memory_;
    if (read->tier == Tier::kShared) ++from_shared_;
    if (read->version < own) {
      ++board_.own_missing;
      Report("its own change is missing", space, key, own, *read);
    } else if (read->version < floor) {
      ++board_.too_old;
      Report("older than the bound", space, key, floor, *read);
    }
  }

  void Write() {
    const auto space = static_cast<ChaosSpace>(random_() % kChaosSpaces);
    const size_t key = random_() % kChaosKeys;
    const auto write = client_.Write(space, key, [&](const ChaosChanges& changes) {
      for (const auto& [changed, version] : changes) {
        RaiseTo(board_.acknowledged[ChaosCell(space, changed)], version);
      }
    });
    ++board_.writes;
    if (!write.ok()) {
      ++board_.write_errors;
      return;
    }
    const bool applied = write->coherence == Coherence::kApplied;
    if (!applied) ++board_.deferred;
    for (const auto& [changed, version] : write->changes) {
      if (applied) RaiseTo(board_.applied[ChaosCell(space, changed)], version);
      RaiseTo(own_[ChaosCell(space, changed)], version);
    }
  }

  void LookAt(ChaosSpace space, size_t key, absl::Time give_up) {
    const uint64_t truth = board_.truth[ChaosCell(space, key)];
    while (true) {
      const auto read = client_.Read(space, key);
      const bool right = read.ok() && read->version == truth;
      // Once it is right it stays so, and then it is served from memory.
      if (right && (read->tier == Tier::kMemory || work_.naive)) return;
      if (absl::Now() > give_up) {
        if (right) {
          ++board_.not_served;
        } else {
          ++board_.diverged;
          Report("wrong in the end", space, key, truth, read.ok() ? *read : ChaosRead());
        }
        return;
      }
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

  void Publish() {
    board_.reads += std::exchange(reads_, 0);
    board_.from_memory += std::exchange(from_memory_, 0);
    board_.from_shared += std::exchange(from_shared_, 0);
    board_.read_errors += std::exchange(read_errors_, 0);
  }

  void Report(const char* what, ChaosSpace space, size_t key, uint64_t expected,
              const ChaosRead& read) {
    if (board_.violations() > kReportsMax) return;
    std::fprintf(stderr, "  process %d, %s k%zu: %s: version %llu from %s, not %llu\n",
                 static_cast<int>(getpid()), space == ChaosSpace::kUsers ? "users" : "pages", key,
                 what, static_cast<unsigned long long>(read.version), TierName(read.tier),
                 static_cast<unsigned long long>(expected));
  }

  ChaosClient& client_;
  const ChaosWork& work_;
  ChaosBoard& board_;
  ChaosVersions& own_;
  std::mt19937_64 random_;
  uint64_t reads_ = 0;
  uint64_t from_memory_ = 0;
  uint64_t from_shared_ = 0;
  uint64_t read_errors_ = 0;
};

}  // namespace

void DoChaosWork(const ChaosWork& work, ChaosBoard& board) {
  const std::unique_ptr<ChaosClient> client = work.naive ? NewNaiveChaosClient(work.place, &board)
                                                         : NewTrivetChaosClient(work.place, &board);
  ++board.ready;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < work.threads; ++i) {
    threads.emplace_back([&, i] { Worker(*client, work, board, i).Run(); });
  }
  threads.emplace_back([&] { client->WorkUnderLocks(work.slot); });
  for (std::thread& thread : threads) thread.join();
  ++board.quiet;
  while (board.phase == ChaosBoard::kQuiet) absl::SleepFor(absl::Milliseconds(5));
  Worker(*client, work, board, 0).LookAtAll();
}

}  // namespace trivet::testing
