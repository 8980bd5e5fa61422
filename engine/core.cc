#include "engine/core.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace trivet::engine {
namespace {

// Work of one round in the background: a few milliseconds at most.
constexpr size_t kBackgroundBudget = 16 << 10;
constexpr absl::Duration kBackgroundPeriod = absl::Milliseconds(20);

}  // namespace

Core::Core(CacheOptions options)
    : options_(std::move(options)),
      clock_(options_.clock != nullptr ? *options_.clock : *Clock::System()),
      memory_(options_, clock_) {
  if (options_.background_maintenance) {
    maintenance_.Start(kBackgroundPeriod, [this] { return Maintain(kBackgroundBudget); });
  }
}

absl::Status Core::CheckOpen() const {
  if (IsOpen()) return absl::OkStatus();
  return absl::FailedPreconditionError("the cache is closed");
}

bool Core::Maintain(size_t budget) {
  bool more = memory_.Maintain(budget);
  if (options_.backing != nullptr) {
    // An error here is no news: the same store tells it to those who read and write.
    const absl::StatusOr<bool> swept = options_.backing->Sweep(budget);
    more = more || (swept.ok() && *swept);
  }
  return more;
}

absl::Status Core::Close() {
  closed_.store(true, std::memory_order_release);
  maintenance_.Stop();
  const size_t flights = memory_.flights();
  const size_t pinned = memory_.pinned_entries();
  if (flights == 0 && pinned == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the cache is still in use: ", pinned,
                                                    " values are pinned, ", flights,
                                                    " loads and writes are in progress"));
}

}  // namespace trivet::engine
