#include "bindings/cli/demo_load.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "bindings/cli/demo_value.h"
#include "bindings/cli/interrupt.h"

namespace trivet::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Rows per transaction while filling.
constexpr size_t kFillBatch = 1000;

absl::Status InterruptedError() { return absl::CancelledError("interrupted"); }

// A thread of the load: it works until `stop`, and leaves figures and a status.
struct Worker {
  std::mt19937_64 random;
  DemoLoadFigures figures;
  absl::Status status;
  std::thread thread;
};

class LoadRun {
 public:
  LoadRun(DemoTarget& target, DemoData& data) : target_(target), data_(data) {}

  void ReadUntilStopped(Worker& worker) {
    std::string value;
    while (!stop_.load(std::memory_order_relaxed)) {
      const size_t row = data_.Draw(worker.random);
      const uint64_t acknowledged = data_.ledger().acknowledged(row);
      const SteadyClock::time_point before = SteadyClock::now();
      absl::StatusOr<bool> found = target_.Read(data_.key(row), &value);
      const SteadyClock::duration taken = SteadyClock::now() - before;
      if (!found.ok()) return Fail(worker, found.status());

      DemoLoadFigures& figures = worker.figures;
      figures.read_ns.Record(static_cast<uint64_t>(std::chrono::nanoseconds(taken).count()));
      ++figures.reads;
      const DemoAnswer answer =
          *found ? JudgeDemoValue(row, value, acknowledged, data_.ledger().begun(row))
                 : DemoAnswer::kWrong;
      figures.stale += answer == DemoAnswer::kStale ? 1 : 0;
      figures.wrong += answer == DemoAnswer::kWrong ? 1 : 0;
    }
  }

  // One writer changes even rows, the other odd ones.
  void WriteUntilStopped(Worker& worker, bool behind, absl::Duration pause) {
    std::string value;
    while (!stop_.load(std::memory_order_relaxed)) {
      const size_t drawn = data_.Draw(worker.random);
      const size_t wanted = drawn - drawn % 2 + (behind ? 1 : 0);
      const size_t row = wanted < data_.rows() ? wanted : wanted - 2;
      if (absl::Status status = Change(row, behind, &value); !status.ok()) {
        return Fail(worker, status);
      }
      ++(behind ? worker.figures.writes_behind : worker.figures.writes);
      std::this_thread::sleep_for(absl::ToChronoMicroseconds(pause));
    }
  }

  void Stop() { stop_ = true; }
  bool stopped() const { return stop_; }

 private:
  absl::Status Change(size_t row, bool behind, std::string* value) {
    const uint64_t sequence = data_.ledger().Begin(row);
    EncodeDemoValue(row, sequence, value);
    const std::string& key = data_.key(row);
    absl::Status status = behind ? target_.WriteBehind(key, *value) : target_.Write(key, *value);
    if (status.ok()) data_.ledger().Acknowledge(row, sequence);
    return status;
  }

  void Fail(Worker& worker, absl::Status status) {
    worker.status = std::move(status);
    Stop();
  }

  DemoTarget& target_;
  DemoData& data_;
  std::atomic<bool> stop_ = false;
};

// Sleeps until the time is over, a worker failed, or somebody pressed Ctrl-C.
void Watch(const LoadRun& load, absl::Duration duration, absl::FunctionRef<void(double)> progress) {
  const auto start = SteadyClock::now();
  while (!load.stopped() && !Interrupted()) {
    const absl::Duration passed = absl::FromChrono(SteadyClock::now() - start);
    if (passed >= duration) return;
    progress(absl::FDivDuration(passed, duration));
    const absl::Duration nap = std::min(duration - passed, absl::Milliseconds(50));
    std::this_thread::sleep_for(absl::ToChronoNanoseconds(nap));
  }
}

}  // namespace

void DemoLoadFigures::Add(const DemoLoadFigures& other) {
  read_ns.Merge(other.read_ns);
  reads += other.reads;
  stale += other.stale;
  wrong += other.wrong;
  writes += other.writes;
  writes_behind += other.writes_behind;
  time += other.time;
}

absl::Status FillStore(Backing& store, DemoData& data, absl::FunctionRef<void(double)> progress) {
  std::vector<std::string> values(kFillBatch);
  std::vector<StoreWrite> writes;
  for (size_t begin = 0; begin < data.rows(); begin += kFillBatch) {
    if (Interrupted()) return InterruptedError();
    progress(static_cast<double>(begin) / static_cast<double>(data.rows()));
    const size_t end = std::min(begin + kFillBatch, data.rows());
    writes.clear();
    for (size_t row = begin; row < end; ++row) {
      std::string& value = values[row - begin];
      EncodeDemoValue(row, data.ledger().Begin(row), &value);
      writes.push_back({.key = data.key(row), .value = value});
    }
    if (auto written = store.Write(kDemoNamespace, writes); !written.ok()) return written.status();
    for (size_t row = begin; row < end; ++row) {
      data.ledger().Acknowledge(row, data.ledger().begun(row));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<DemoLoadFigures> RunLoad(DemoTarget& target, DemoData& data,
                                        const DemoLoadOptions& options,
                                        absl::FunctionRef<void(double)> progress) {
  LoadRun load(target, data);
  constexpr size_t kWriters = 2;
  std::vector<std::unique_ptr<Worker>> workers;
  for (size_t i = 0; i < options.readers + kWriters; ++i) {
    workers.push_back(std::make_unique<Worker>());
    workers.back()->random.seed(options.seed * 1'000'003 + i);
  }

  DemoLoadFigures all;
  const auto start = SteadyClock::now();
  for (size_t i = 0; i < workers.size(); ++i) {
    Worker& worker = *workers[i];
    worker.thread = i < kWriters ? std::thread([&load, &worker, &options, i] {
      load.WriteUntilStopped(worker, /*behind=*/i == 1, options.write_pause);
    })
                                 : std::thread([&load, &worker] { load.ReadUntilStopped(worker); });
  }
  Watch(load, options.duration, progress);
  load.Stop();
  for (const auto& worker : workers) worker->thread.join();

  all.time = absl::FromChrono(SteadyClock::now() - start);
  for (const auto& worker : workers) {
    if (!worker->status.ok()) return worker->status;
    all.Add(worker->figures);
  }
  if (Interrupted()) return InterruptedError();
  return all;
}

}  // namespace trivet::cli
