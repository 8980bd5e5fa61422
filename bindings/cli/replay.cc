#include "bindings/cli/replay.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "trivet/cache.h"
#include "trivet/clock.h"
#include "trivet/options.h"
#include "trivet/sqlite_backing.h"

namespace trivet::cli {
namespace {

constexpr const char* kNamespace = "replay";
// Where the trace tells no sizes, or they are to be ignored.
constexpr uint32_t kSmallValueBytes = 8;
constexpr size_t kMaintainBudget = 4096;
constexpr uint64_t kMemoryLookEvery = 1 << 14;

using SteadyClock = std::chrono::steady_clock;

absl::Duration TtlOf(const TraceRequest& request, const ReplayOptions& options) {
  if (request.ttl > 0 && !options.ignore_ttl) {
    return std::min(absl::Seconds(request.ttl), kTtlMax);
  }
  return options.ttl.value_or(absl::InfiniteDuration());
}

class Player {
 public:
  Player(const TraceFields& fields, const ReplayOptions& options)
      : options_(options), moves_clock_(fields.time) {
    figures_.has_sizes = fields.size && !options.ignore_size;
  }

  absl::Status Open() {
    CacheOptions cache;
    cache.memory_bytes = options_.memory_bytes;
    cache.max_entries = options_.entries;
    if (cache.memory_bytes == 0 && cache.max_entries == 0) cache.memory_bytes = kReplayMemoryBytes;
    if (!options_.policy.empty()) cache.policy = options_.policy;
    cache.shards = options_.shards;
    cache.background_maintenance = false;
    cache.value_bytes_max = kValueBytesCeiling;
    if (cache.memory_bytes > 0) value_bytes_max_ = std::min(cache.memory_bytes, kValueBytesCeiling);
    if (moves_clock_) cache.clock = &clock_;
    // Before a file is created for nothing.
    if (absl::Status status = Validate(cache); !status.ok()) return status;
    if (!options_.db.empty()) {
      // Rows should expire in the present for whoever looks at the file later.
      clock_.JumpWallTime(absl::Now() - clock_.WallTime());
      absl::StatusOr<std::unique_ptr<Backing>> backing =
          OpenSqlite({.path = options_.db, .readers = 1, .clock = cache.clock});
      if (!backing.ok()) {
        return absl::Status(backing.status().code(),
                            absl::StrCat("--db: ", backing.status().message()));
      }
      cache.backing = *std::move(backing);
    }
    absl::StatusOr<std::unique_ptr<Cache>> opened = Cache::Open(std::move(cache));
    if (!opened.ok()) return opened.status();
    cache_ = *std::move(opened);
    view_.emplace(cache_->In(kNamespace));
    return view_->status();
  }

  absl::StatusOr<ReplayFigures> Play(TraceReader& trace) {
    const SteadyClock::time_point start = SteadyClock::now();
    TraceRequest request;
    while (true) {
      absl::StatusOr<bool> more = trace.Next(&request);
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (moves_clock_) MoveTo(request.time);
      if (absl::Status status = One(request); !status.ok()) return status;
      if (figures_.requests % kMemoryLookEvery == 0) LookAtMemory();
    }
    LookAtMemory();
    figures_.time = absl::FromChrono(SteadyClock::now() - start);
    figures_.stats = cache_->stats();
    return figures_;
  }

 private:
  // A time before the last one is taken for the last one: clocks do not go back.
  void MoveTo(uint32_t time) {
    if (!last_time_.has_value()) last_time_ = time;
    if (time <= *last_time_) return;
    clock_.Advance(absl::Seconds(time - *last_time_));
    last_time_ = time;
    while (cache_->Maintain(kMaintainBudget)) {
    }
  }

  absl::Status One(const TraceRequest& request) {
    const SteadyClock::time_point before = SteadyClock::now();
    absl::StatusOr<Result> result = view_->Get(request.key);
    const auto taken = SteadyClock::now() - before;
    figures_.get_ns.Record(static_cast<uint64_t>(std::chrono::nanoseconds(taken).count()));
    if (!result.ok()) return result.status();

    const uint32_t size = figures_.has_sizes ? request.size : kSmallValueBytes;
    ++figures_.requests;
    figures_.bytes_requested += size;
    if (result->tier == Tier::kMemory) {
      ++figures_.hits;
      figures_.bytes_hit += size;
    } else if (*result) {
      ++figures_.store_hits;
    } else {
      return Put(request.key, size, TtlOf(request, options_));
    }
    return absl::OkStatus();
  }

  absl::Status Put(std::string_view key, uint32_t size, absl::Duration ttl) {
    if (size > value_bytes_max_) {
      ++figures_.refused;
      return absl::OkStatus();
    }
    if (value_.size() < size) value_.resize(size, 'v');
    set_.ttl = ttl;
    absl::StatusOr<SetResult> set = view_->Set(key, std::string_view(value_).substr(0, size), set_);
    if (set.ok()) return absl::OkStatus();
    // The parser checked the key and the options the TTL: what memory refuses is too large for it.
    const bool too_large =
        absl::IsResourceExhausted(set.status()) || absl::IsInvalidArgument(set.status());
    if (!too_large || !options_.db.empty()) return set.status();
    ++figures_.refused;
    return absl::OkStatus();
  }

  void LookAtMemory() {
    figures_.memory_peak_bytes = std::max(figures_.memory_peak_bytes, cache_->stats().memory_bytes);
  }

  const ReplayOptions& options_;
  const bool moves_clock_;
  ManualClock clock_;  // outlives the cache
  std::unique_ptr<Cache> cache_;
  std::optional<Namespace> view_;
  size_t value_bytes_max_ = kValueBytesCeiling;
  std::optional<uint32_t> last_time_;
  std::string value_;  // the values are its prefixes
  SetOptions set_;
  ReplayFigures figures_;
};

}  // namespace

absl::StatusOr<ReplayFigures> Replay(TraceReader& trace, const ReplayOptions& options) {
  Player player(trace.fields(), options);
  if (absl::Status status = player.Open(); !status.ok()) return status;
  return player.Play(trace);
}

}  // namespace trivet::cli
