#include "engine/core.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/store_call.h"

namespace trivet::engine {
namespace {

// A round in the background takes a few milliseconds at most.
constexpr size_t kBackgroundBudget = 16 << 10;
constexpr absl::Duration kBackgroundPeriod = absl::Milliseconds(20);
// Sweeping takes the write lock of the database: seldom, and not for long.
constexpr size_t kSweepRows = 1000;
constexpr absl::Duration kSweepPeriod = absl::Seconds(1);
// Where another writer holds the change log up, it may do so for long.
constexpr absl::Duration kTrimAgain = absl::Seconds(1);

}  // namespace

Core::Core(CacheOptions options)
    : options_(std::move(options)),
      clock_(options_.clock != nullptr ? *options_.clock : *Clock::System()),
      memory_(options_, clock_),
      local_locks_(clock_) {
  if (options_.leases != nullptr) {
    locks_ = std::make_unique<DistributedLocks>(*options_.leases, options_.coherence.timeout,
                                                options_.background_maintenance, clock_);
  }
  if (options_.shared != nullptr) {
    sharing_ = std::make_unique<SharedUpkeep>(*options_.shared, options_.backing.get(),
                                              options_.coherence, clock_, memory_);
    spaces_.OnNew([this](NamespaceState& state) {
      return state.options().use_shared ? sharing_->Attach(state) : absl::OkStatus();
    });
  }
  if (options_.background_maintenance) {
    if (sharing_ != nullptr) sharing_->Start();
    maintenance_.Start(kBackgroundPeriod, [this] { return MaintainInBackground(); });
  }
}

absl::Status Core::CheckOpen() const {
  if (IsOpen()) return absl::OkStatus();
  return absl::FailedPreconditionError("the cache is closed");
}

bool Core::Maintain(size_t budget) {
  const bool more_memory = memory_.Maintain(budget);
  // With threads in the background, those do it.
  const bool does_all = !options_.background_maintenance;
  if (locks_ != nullptr && does_all) locks_->Step();
  if (sharing_ != nullptr && does_all) sharing_->Step();
  // Last what may wait for other writers of the store: proofs and leases do not.
  if (sharing_ != nullptr && does_all) sharing_->TrimLog();
  return SweepStore(budget) || more_memory;
}

bool Core::MaintainInBackground() {
  const bool more = memory_.Maintain(kBackgroundBudget);
  MaintainStore(clock_.Elapsed());
  return more;
}

void Core::MaintainStore(absl::Duration now) {
  if (sharing_ != nullptr && now >= next_trim_) {
    const bool trimmed = sharing_->TrimLog();
    // Others tell again what they find there for long.
    const absl::Duration soon = options_.coherence.relay_after / 2;
    next_trim_ = clock_.Elapsed() + (trimmed ? soon : kTrimAgain);
  }
  if (now >= next_sweep_) {
    const bool more_rows = SweepStore(kSweepRows);
    next_sweep_ = now + (more_rows ? kBackgroundPeriod : kSweepPeriod);
  }
}

bool Core::SweepStore(size_t rows_max) {
  if (options_.backing == nullptr || rows_max == 0) return false;
  // An error is no news: the same store tells it to those who read and write.
  const absl::StatusOr<bool> swept = StoreCall([&] { return options_.backing->Sweep(rows_max); });
  return swept.ok() && *swept;
}

absl::Status Core::Close() {
  closed_.store(true, std::memory_order_release);
  maintenance_.Stop();
  if (sharing_ != nullptr) sharing_->Stop();
  if (locks_ != nullptr) locks_->Stop();
  const size_t flights = memory_.flights();
  const size_t pinned = memory_.pinned_entries();
  const size_t locks = local_locks_.users() + (locks_ != nullptr ? locks_->users() : 0);
  if (flights == 0 && pinned == 0 && locks == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the cache is still in use: ", pinned, " values are pinned, ", locks,
      " locks are held or waited for, ", flights, " loads and writes are in progress"));
}

}  // namespace trivet::engine
