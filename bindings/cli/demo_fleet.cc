#include "bindings/cli/demo_fleet.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bindings/cli/child_process.h"
#include "bindings/cli/demo_data.h"
#include "bindings/cli/demo_load.h"
#include "bindings/cli/interrupt.h"
#include "bindings/cli/private_redis.h"
#include "bindings/cli/progress_bar.h"
#include "bindings/cli/temporary_folder.h"
#include "trivet/sqlite_backing.h"

namespace trivet::cli {
namespace {

using Phase = FleetLedger::Phase;

constexpr absl::Duration kReadyTimeout = absl::Seconds(30);
constexpr absl::Duration kEndTimeout = absl::Seconds(30);
constexpr std::chrono::milliseconds kNap{10};
// Of this program, whatever it is called and wherever it lies.
constexpr const char* kThisProgram = "/proc/self/exe";

class Fleet {
 public:
  Fleet(const FleetOptions& options, std::string folder, PrivateRedis redis, FleetLedger ledger,
        ProgressBar& bar)
      : options_(options),
        folder_(std::move(folder)),
        redis_(std::move(redis)),
        ledger_(std::move(ledger)),
        bar_(bar) {}

  absl::StatusOr<FleetFigures> Run() {
    absl::Status status = FillDatabase();
    if (status.ok()) status = redis_.Start();
    if (status.ok()) status = StartProcesses();
    if (status.ok()) status = PassThroughPhases();
    if (status.ok()) status = EndProcesses();
    if (!status.ok()) return status;
    for (size_t i = 0; i < options_.processes; ++i) figures_.counts.Add(ledger_.counts(i));
    return figures_;
  }

 private:
  std::string db() const { return folder_ + "/fleet.db"; }

  absl::Status FillDatabase() {
    const absl::StatusOr<std::unique_ptr<Backing>> store = OpenSqlite({.path = db(), .readers = 1});
    if (!store.ok()) return store.status();
    DemoData data(options_.rows, options_.seed);
    const absl::Status status = FillStore(**store, data, [](double) {});
    if (!status.ok()) return status;
    for (size_t row = 0; row < options_.rows; ++row) {
      // No time is known before the first one that a process measures.
      ledger_.Acknowledge(row, ledger_.Begin(row), {});
    }
    return absl::OkStatus();
  }

  absl::Status StartProcesses() {
    for (size_t i = 0; i < options_.processes; ++i) {
      absl::StatusOr<ChildProcess> process = ChildProcess::Start(
          {kThisProgram, "demo-process", "--db", db(), "--redis", redis_.url(), "--ledger",
           folder_ + "/ledger", "--process", std::to_string(i), "--memory",
           std::to_string(options_.memory_bytes), "--seed", std::to_string(options_.seed)});
      if (!process.ok()) return process.status();
      processes_.push_back(*std::move(process));
    }
    const absl::Time give_up = absl::Now() + kReadyTimeout;
    while (ledger_.ready() < options_.processes) {
      if (absl::Status status = LookAfterProcesses(); !status.ok()) return status;
      if (absl::Now() > give_up) return absl::DeadlineExceededError("a process is never ready");
      std::this_thread::sleep_for(kNap);
    }
    return absl::OkStatus();
  }

  absl::Status PassThroughPhases() {
    const absl::Duration fifth = options_.seconds / 5;
    absl::Status status = Pass(Phase::kWithRedis, 2 * fifth, &figures_.with_redis);
    if (!status.ok()) return status;
    redis_.Kill();
    status = Pass(Phase::kWithoutRedis, fifth, &figures_.without_redis);
    if (status.ok()) status = redis_.Start();
    if (status.ok()) status = Pass(Phase::kRedisIsBack, 2 * fifth, &figures_.redis_is_back);
    return status;
  }

  absl::Status Pass(Phase phase, absl::Duration time, absl::Duration* passed) {
    ledger_.Enter(phase);
    const absl::Time start = absl::Now();
    while (absl::Now() - start < time) {
      if (absl::Status status = LookAfterProcesses(); !status.ok()) return status;
      bar_.Show(absl::FDivDuration(shown_ + (absl::Now() - start), options_.seconds));
      std::this_thread::sleep_for(kNap);
    }
    *passed = absl::Now() - start;
    shown_ += time;
    return absl::OkStatus();
  }

  absl::Status LookAfterProcesses() {
    if (Interrupted()) return absl::CancelledError("interrupted");
    for (ChildProcess& process : processes_) {
      if (!process.IsRunning()) return absl::InternalError("a process of the demo failed");
    }
    return absl::OkStatus();
  }

  absl::Status EndProcesses() {
    ledger_.Enter(Phase::kOver);
    for (ChildProcess& process : processes_) {
      const absl::StatusOr<int> exit = process.Await(kEndTimeout);
      if (!exit.ok()) return exit.status();
      if (*exit != 0) {
        return absl::InternalError(absl::StrCat("a process of the demo ended with ", *exit));
      }
    }
    return absl::OkStatus();
  }

  const FleetOptions& options_;
  const std::string folder_;
  PrivateRedis redis_;
  FleetLedger ledger_;
  ProgressBar& bar_;
  absl::Duration shown_ = absl::ZeroDuration();
  FleetFigures figures_;
  std::vector<ChildProcess> processes_;  // last: they use what is above
};

}  // namespace

absl::StatusOr<std::optional<FleetFigures>> RunFleet(const FleetOptions& options,
                                                     Console& console) {
  const InterruptGuard guard;
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Create();
  if (!folder.ok()) return folder.status();
  absl::StatusOr<PrivateRedis> redis = PrivateRedis::In(folder->path());
  if (!redis.ok()) return std::nullopt;
  absl::StatusOr<FleetLedger> ledger =
      FleetLedger::Create(folder->path() + "/ledger", options.rows, options.processes);
  if (!ledger.ok()) return ledger.status();
  ProgressBar bar(console, "several processes");
  absl::StatusOr<FleetFigures> figures =
      Fleet(options, folder->path(), *std::move(redis), *std::move(ledger), bar).Run();
  if (!figures.ok()) return figures.status();
  return *std::move(figures);
}

}  // namespace trivet::cli
