#include "bindings/cli/demo_fleet_process.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bindings/cli/demo_data.h"
#include "bindings/cli/demo_fleet_ledger.h"
#include "bindings/cli/demo_target.h"
#include "bindings/cli/demo_value.h"
#include "trivet/open.h"

namespace trivet::cli {
namespace {

using Phase = FleetLedger::Phase;

// Of the threads of a process, so that those of all of them get to work on few cores.
constexpr std::chrono::microseconds kReaderNap{500};
constexpr int kReadsBetweenNaps = 64;
constexpr std::chrono::milliseconds kWriterNap{2};
constexpr std::chrono::microseconds kWatcherNap{100};
// Every so manieth change is one that the others watch for.
constexpr uint64_t kWatchedEvery = 4;
constexpr absl::Duration kReadyTimeout = absl::Seconds(20);

uint64_t Now() {
  return static_cast<uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

uint64_t Nanoseconds(absl::Duration duration) {
  return static_cast<uint64_t>(absl::ToInt64Nanoseconds(duration));
}

DemoTier TierOf(const Result& result) {
  if (result.tier == Tier::kMemory) return DemoTier::kMemory;
  return result.tier == Tier::kShared ? DemoTier::kShared : DemoTier::kStore;
}

class FleetProcess {
 public:
  FleetProcess(const FleetProcessOptions& options, FleetLedger& ledger, Cache& cache)
      : options_(options),
        ledger_(ledger),
        data_(ledger.rows(), options.seed),
        view_(cache.In(kDemoNamespace)) {}

  absl::Status Run() {
    if (absl::Status status = AwaitTrust(); !status.ok()) return status;
    ledger_.ReportReady();
    while (ledger_.phase() == Phase::kPreparing) std::this_thread::sleep_for(kWriterNap);
    std::vector<std::thread> threads;
    for (const auto work : {&FleetProcess::ReadOn, &FleetProcess::WriteOn, &FleetProcess::Watch}) {
      threads.emplace_back([this, work] { (this->*work)(); });
    }
    for (std::thread& thread : threads) thread.join();
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  using Random = std::mt19937_64;

  bool IsOver() const { return failed_ || ledger_.phase() == Phase::kOver; }

  // Until the cache keeps what it reads: it is told of changes then.
  absl::Status AwaitTrust() {
    const absl::Time give_up = absl::Now() + kReadyTimeout;
    while (absl::Now() < give_up) {
      const absl::StatusOr<Result> read = view_.Get(data_.key(options_.process));
      if (!read.ok()) return read.status();
      if (read->tier == Tier::kMemory) return absl::OkStatus();
      std::this_thread::sleep_for(kWriterNap);
    }
    return absl::DeadlineExceededError("the cache gets no proof that its memory is fresh");
  }

  void ReadOn() {
    Random random(Seed(0));
    const auto counts = std::make_unique<FleetCounts>();
    for (int turn = 0; !IsOver(); ++turn) {
      if (turn % kReadsBetweenNaps == 0) std::this_thread::sleep_for(kReaderNap);
      Read(data_.Draw(random), *counts);
    }
    Leave(*counts);
  }

  // The first row of each process is watched by the others.
  void WriteOn() {
    Random random(Seed(1));
    const auto counts = std::make_unique<FleetCounts>();
    for (uint64_t turn = 0; !IsOver(); ++turn) {
      const size_t near = turn % kWatchedEvery == 0 ? 0 : data_.Draw(random);
      Write(ledger_.OwnRow(options_.process, near), *counts);
      std::this_thread::sleep_for(kWriterNap);
    }
    Leave(*counts);
  }

  void Watch() {
    const auto counts = std::make_unique<FleetCounts>();
    std::vector<uint64_t> seen(ledger_.processes(), 1);
    while (!IsOver()) {
      std::this_thread::sleep_for(kWatcherNap);
      for (size_t row = 0; row < seen.size(); ++row) {
        if (row == options_.process) continue;
        const std::optional<uint64_t> sequence = Read(row, *counts, /*watches=*/true);
        if (!sequence.has_value()) continue;
        // Who reads a change has seen those before it, too.
        while (seen[row] < *sequence) NoteDelay(row, ++seen[row], *counts);
      }
    }
    Leave(*counts);
  }

  // The sequence number of the answer, if it is one. Reads of who watches are checked, too, but do
  // not count as the load's.
  std::optional<uint64_t> Read(size_t row, FleetCounts& counts, bool watches = false) {
    const bool without_redis = ledger_.phase() == Phase::kWithoutRedis;
    const bool own = ledger_.OwnerOf(row) == options_.process;
    const uint64_t acknowledged = ledger_.acknowledged(row);
    const uint64_t begun_at = Now();
    const absl::StatusOr<Result> read = view_.Get(data_.key(row));
    const uint64_t ended_at = Now();
    if (!read.ok()) {
      Fail(read.status());
      return std::nullopt;
    }
    if (!watches) {
      const auto tier = static_cast<size_t>(TierOf(*read));
      counts.read_ns[tier].Record(ended_at - begun_at);
      if (without_redis) ++counts.reads_without_redis[tier];
    }
    const std::optional<uint64_t> sequence =
        *read ? DecodeDemoValue(row, read->bytes()) : std::nullopt;
    if (!sequence.has_value() || *sequence > ledger_.begun(row)) {
      ++counts.wrong;
      return std::nullopt;
    }
    if (*sequence >= acknowledged) return sequence;
    if (own) {
      ++counts.forgotten;
    } else if (ledger_.IsOverdue(row, *sequence, begun_at)) {
      ++counts.overdue;
    } else {
      ++counts.behind;
    }
    if (const auto change = ledger_.Find(row, *sequence + 1)) {
      counts.behind_max_ns =
          std::max(counts.behind_max_ns, begun_at - std::min(begun_at, change->acknowledged_ns));
    }
    return sequence;
  }

  void Write(size_t row, FleetCounts& counts) {
    const uint64_t sequence = ledger_.Begin(row);
    std::string value;
    EncodeDemoValue(row, sequence, &value);
    const absl::StatusOr<SetResult> set = view_.Set(data_.key(row), value);
    if (!set.ok()) return Fail(set.status());
    const bool deferred = set->coherence != Coherence::kApplied;
    ++(deferred ? counts.changes_deferred : counts.changes_applied);
    const uint64_t now = Now();
    const uint64_t due =
        now + Nanoseconds(promise_.bound) + (deferred ? Nanoseconds(promise_.relay) : 0);
    ledger_.Acknowledge(row, sequence,
                        {.acknowledged_ns = now, .due_ns = due, .deferred = deferred});
  }

  void NoteDelay(size_t row, uint64_t sequence, FleetCounts& counts) {
    const uint64_t now = Now();
    const auto change = ledger_.Find(row, sequence);
    const uint64_t delay = change.has_value() ? now - std::min(now, change->acknowledged_ns) : 0;
    (change.has_value() && change->deferred ? counts.deferred_delay_ns : counts.applied_delay_ns)
        .Record(delay);
  }

  void Fail(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = status;
    failed_ = true;
  }

  void Leave(const FleetCounts& counts) {
    const std::lock_guard lock(mutex_);
    ledger_.counts(options_.process).Add(counts);
  }

  uint64_t Seed(uint64_t thread) const {
    return options_.seed * 1'000'003 + options_.process * 1009 + thread;
  }

  const FleetProcessOptions& options_;
  const FleetPromise promise_;
  FleetLedger& ledger_;
  const DemoData data_;
  Namespace view_;
  std::atomic<bool> failed_ = false;

  std::mutex mutex_;     // guards what follows
  absl::Status status_;  // the first error
};

}  // namespace

absl::Status RunFleetProcess(const FleetProcessOptions& options) {
  absl::StatusOr<FleetLedger> ledger = FleetLedger::Open(options.ledger);
  if (!ledger.ok()) return ledger.status();
  if (options.process >= ledger->processes()) {
    return absl::InvalidArgumentError("there are not so many processes");
  }
  absl::StatusOr<std::unique_ptr<Cache>> cache =
      Open({.memory_bytes = options.memory_bytes,
            .store = absl::StrCat("sqlite:", options.db),
            .redis = options.redis,
            .cache = {.coherence = FleetPromise().coherence()}});
  if (!cache.ok()) return cache.status();
  return FleetProcess(options, *ledger, **cache).Run();
}

}  // namespace trivet::cli
