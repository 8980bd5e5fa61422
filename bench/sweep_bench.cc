// Question: what does a reader notice while the cache frees, grows and expires on a large scale,
// and how long do InvalidateTag and Clear take?
//
// Decision it serves: whether programs may invalidate by tag, and clear, on the path of a request,
// with millions of entries behind. One reader, on a core of its own, gets entries that stay; each
// get is timed by itself. One maintainer, on another core, does the work.
//
// Baseline: the same reader while nothing happens.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bench/support/histogram.h"
#include "bench/support/peers/trivet_peer.h"
#include "bench/support/pinned_thread.h"
#include "bench/support/require.h"
#include "bench/support/session.h"
#include "bench/support/tsc.h"
#include "trivet/cache.h"
#include "trivet/clock.h"

namespace trivet::bench {
namespace {

constexpr const char* kTag = "tag";
constexpr size_t kValueBytes = 100;
constexpr size_t kBudget = 1000;  // entries of one call of Maintain

// What one reader saw during one phase.
struct Seen {
  double phase_ms = 0;
  double mean_ns = 0;
  double p50_ns = 0;
  double p9999_ns = 0;
  double max_ns = 0;
};

// The cache, of which keys 0 to stay-1 stay, and other keys come and go beyond them.
class Subject {
 public:
  Subject(size_t stay, size_t passing, const std::string& policy)
      : stay_(stay), passing_(passing), value_(kValueBytes, 'v') {
    CacheOptions options = TrivetPeer::OptionsFor(
        {.entries = stay + 2 * passing, .value_bytes = kValueBytes, .policy = policy});
    options.background_maintenance = false;  // the maintainer does it, on its core
    options.clock = &clock_;
    cache_ = TrivetPeer::OpenCache(std::move(options));
    view_ = std::make_unique<Namespace>(cache_->In("bench"));
    Add(0, stay, {});
  }

  Cache& cache() { return *cache_; }
  Namespace& view() { return *view_; }
  ManualClock& clock() { return clock_; }

  void Add(size_t from, size_t to, const SetOptions& options) {
    for (size_t i = from; i < to; ++i) {
      Require(view_->Set(KeyOf(i).view(), value_, options).status());
    }
  }
  void AddPassing(const SetOptions& options) { Add(stay_, stay_ + passing_, options); }
  void Maintain() {
    while (cache_->Maintain(kBudget)) {
    }
  }
  // Maintains until no more entries are held than ought to.
  void MaintainUntil(uint64_t entries) {
    const uint64_t start = Tsc::Now();
    do {
      Maintain();
      Require(Tsc::Seconds(Tsc::Now() - start) < 120, "memory comes back within two minutes");
    } while (cache_->stats().entries > entries);
  }

  // Reads until `work()` is done on another core, or, without work, for a while.
  Seen ReadDuring(const std::function<void()>& work) {
    const KeySequence& keys = SequenceOf({.keys = stay_});
    std::atomic<bool> begun = false;
    std::atomic<bool> done = false;
    Seen seen;
    std::thread reader([&] {
      PinThisThread(0);
      KeySequence::Walk walk(keys, 0);
      std::string out;
      const auto read = [&] {
        Require(view_->FindInto(walk.Next().view(), &out), "an entry that stays is found");
        TouchLast(out);
      };
      for (size_t i = 0; i < 100'000; ++i) read();  // the processor's caches are warm
      begun = true;
      const auto latencies = std::make_unique<Histogram>();
      uint64_t sum = 0;
      do {
        const uint64_t before = Tsc::NowInOrder();
        read();
        const uint64_t taken = Tsc::NowInOrder() - before;
        latencies->Add(taken);
        sum += taken;
      } while (!done.load(std::memory_order_relaxed));
      const auto ns = [&](double share) {
        return Tsc::Nanoseconds(static_cast<double>(latencies->Percentile(share)));
      };
      seen.mean_ns =
          Tsc::Nanoseconds(static_cast<double>(sum) / static_cast<double>(latencies->count()));
      seen.p50_ns = ns(0.5);
      seen.p9999_ns = ns(0.9999);
      seen.max_ns = Tsc::Nanoseconds(static_cast<double>(latencies->max()));
    });
    std::thread maintainer([&] {
      PinThisThread(1);
      while (!begun) std::this_thread::yield();
      const uint64_t start = Tsc::Now();
      work();
      seen.phase_ms = Tsc::Seconds(Tsc::Now() - start) * 1e3;
      done = true;
    });
    reader.join();
    maintainer.join();
    return seen;
  }

 private:
  const size_t stay_;
  const size_t passing_;
  const std::string value_;
  ManualClock clock_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<Namespace> view_;
};

double MillisecondsOf(const std::function<void()>& work) {
  const uint64_t start = Tsc::Now();
  work();
  return Tsc::Seconds(Tsc::Now() - start) * 1e3;
}

// The medians of the repetitions of one phase.
class Phase {
 public:
  explicit Phase(std::string_view name) : name_(name) {}

  void Add(const Seen& seen) { seen_.push_back(seen); }
  void AddCall(double milliseconds) { calls_.push_back(milliseconds); }

  void Report(Session& session, size_t entries, size_t passing) const {
    Figures figures;
    if (!calls_.empty()) figures.emplace_back("call_ms", Median(calls_));
    const auto median = [&](const char* name, double Seen::*field) {
      std::vector<double> values;
      for (const Seen& seen : seen_) values.push_back(seen.*field);
      figures.emplace_back(name, Median(std::move(values)));
    };
    median("phase_ms", &Seen::phase_ms);
    median("get_mean_ns", &Seen::mean_ns);
    median("get_p50_ns", &Seen::p50_ns);
    median("get_p99.99_ns", &Seen::p9999_ns);
    median("get_max_ns", &Seen::max_ns);
    session.Add({{"entries", entries}, {"passing", passing}}, name_, figures);
  }

 private:
  std::string name_;
  std::vector<Seen> seen_;
  std::vector<double> calls_;
};

void ReadQuietly(Subject& subject, Phase& quiet) {
  quiet.Add(subject.ReadDuring([] { std::this_thread::sleep_for(std::chrono::seconds(1)); }));
}

// Ten million entries, of which one million are swept or expire, time and again; then all go.
void MeasureSweeps(Session& session) {
  constexpr size_t kEntries = 10'000'000;
  constexpr size_t kPassing = 1'000'000;
  constexpr size_t kStay = kEntries - kPassing;
  Subject subject(kStay, kPassing, session.settings().policy);
  Phase quiet("quiet");
  Phase sweep("members of a tag are swept");
  Phase expire("entries expire");
  for (int i = 0; i < session.settings().repetitions; ++i) {
    ReadQuietly(subject, quiet);
    subject.AddPassing({.tags = {kTag}});
    double call = 0;
    sweep.Add(subject.ReadDuring([&] {
      call = MillisecondsOf([&] { Require(subject.view().InvalidateTag(kTag)); });
      subject.MaintainUntil(kStay);
    }));
    sweep.AddCall(call);
    subject.AddPassing({.ttl = absl::Seconds(60)});
    expire.Add(subject.ReadDuring([&] {
      subject.clock().Advance(absl::Seconds(61));
      subject.MaintainUntil(kStay);
    }));
  }
  for (const Phase* phase : {&quiet, &sweep, &expire}) phase->Report(session, kEntries, kPassing);

  // Once: it takes the entries that stay. Without a reader, who would find nothing.
  subject.AddPassing({});
  const uint64_t start = Tsc::Now();
  const double call = MillisecondsOf([&] { Require(subject.view().Clear()); });
  subject.MaintainUntil(0);
  session.Add({{"entries", kEntries}, {"passing", kEntries}}, "all are cleared",
              {{"call_ms", call}, {"phase_ms", Tsc::Seconds(Tsc::Now() - start) * 1e3}});
}

// From one million entries to four, so that every table grows at least once.
void MeasureGrowth(Session& session) {
  constexpr size_t kStay = 1'000'000;
  constexpr size_t kPassing = 3'000'000;
  Phase quiet("quiet");
  Phase grow("tables grow");
  for (int i = 0; i < session.settings().repetitions; ++i) {
    Subject subject(kStay, kPassing, session.settings().policy);
    ReadQuietly(subject, quiet);
    grow.Add(subject.ReadDuring([&] { subject.AddPassing({}); }));
  }
  for (const Phase* phase : {&quiet, &grow}) phase->Report(session, kStay, kPassing);
}

int Main(int argc, char** argv) {
  Session session("sweep", "What does a reader notice while the cache works on a large scale?",
                  argc, argv);
  MeasureSweeps(session);
  MeasureGrowth(session);
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
