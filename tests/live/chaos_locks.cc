#include "tests/live/chaos_locks.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "trivet/lock.h"
#include "trivet/write_fence.h"

namespace trivet::testing {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(20);  // between writes
// Whether the lock is lost meanwhile, a holder does not look: nor would a program that was stopped
// between looking and writing.
constexpr int kWrites = 20;

class LockWorker {
 public:
  LockWorker(Cache& cache, size_t slot, ChaosBoard& board)
      : space_(cache.In("ledgers")), holder_(static_cast<uint32_t>(slot) + 1), board_(board) {}

  void Run() {
    for (size_t ledger = holder_; board_.phase == ChaosBoard::kRunning; ++ledger) {
      Hold(ledger % kChaosLedgers);
    }
  }

 private:
  void Hold(size_t ledger) {
    const std::string name = absl::StrCat("ledger", ledger);
    absl::StatusOr<Lock> lock =
        space_.Lock(name, {.lease = kChaosLease, .wait = absl::Milliseconds(200)});
    if (!lock.ok()) {
      absl::SleepFor(kPause);
      return;
    }
    ++board_.locks;
    board_.holder[ledger] = holder_;
    for (int i = 0; i < kWrites && board_.phase == ChaosBoard::kRunning; ++i) {
      if (!Write(name, *lock, ledger)) break;
      absl::SleepFor(kPause);
    }
    uint32_t mine = holder_;
    board_.holder[ledger].compare_exchange_strong(mine, 0);
  }

  // False: another process has it by now.
  bool Write(const std::string& name, const Lock& lock, size_t ledger) {
    const uint64_t newest = board_.fence[ledger];
    const auto set = space_.Set(name, absl::StrCat(lock.token()), {.fence = lock.fence()});
    if (set.ok() && lock.token() < newest) {
      ++board_.fence_breached;
      std::fprintf(stderr, "  process %d, %s: written with token %llu after %llu\n",
                   static_cast<int>(getpid()), name.c_str(),
                   static_cast<unsigned long long>(lock.token()),
                   static_cast<unsigned long long>(newest));
    }
    if (set.ok()) RaiseTo(board_.fence[ledger], lock.token());
    if (!IsFencedOut(set.status())) return true;
    ++board_.fenced_out;
    return false;
  }

  Namespace space_;
  const uint32_t holder_;
  ChaosBoard& board_;
};

}  // namespace

void WorkUnderLocks(Cache& cache, size_t slot, ChaosBoard& board) {
  LockWorker(cache, slot, board).Run();
}

}  // namespace trivet::testing
