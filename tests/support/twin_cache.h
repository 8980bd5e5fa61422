// A cache and its model, operated side by side.
#ifndef TRIVET_TESTS_SUPPORT_TWIN_CACHE_H_
#define TRIVET_TESTS_SUPPORT_TWIN_CACHE_H_

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/memory_backing.h"
#include "tests/support/model_memory.h"
#include "trivet/cache.h"
#include "trivet/clock.h"

namespace trivet::testing {

// Each operation is done to the cache and to the model, and every answer is compared: hit or miss,
// bytes, tier, version, age, TTL, status; and which entries left memory, why, and in which order.
// The listener tells the model what the cache chose to evict and when it frees the dead; the model
// tells whether the cache was allowed to.
//
// Three namespaces: 0 without TTL; 1 with a TTL; 2 with TTL and idle TTL, and never in the store.
// Not thread-safe, but reentrant: what a load does meanwhile are operations too.
class TwinCache {
 public:
  static constexpr int kSpaces = 3;
  static constexpr int kTags = 4;

  struct Options {
    int keys = 12;  // in each namespace
    size_t shards = 1;
    const char* policy = "lru";
    size_t memory_bytes = 0;
    size_t max_entries = 0;
    size_t value_bytes_max = 1000;
    bool pins = true;  // some of the values that are found stay pinned for a while
    bool store = false;
  };

  explicit TwinCache(const Options& options);
  TwinCache(const TwinCache&) = delete;
  TwinCache& operator=(const TwinCache&) = delete;
  // Checks everything a last time, and that closing tells of the pins.
  ~TwinCache();

  bool failed() const { return failed_; }
  size_t operations() const { return operations_; }
  const Options& options() const { return options_; }
  // How large a value may be that surely fits into memory, and how small one that surely does not.
  size_t FittingBytes() const { return limit_per_value_ * 3 / 4; }
  size_t OversizeBytes() const { return limit_per_value_ + limit_per_value_ / 8; }
  bool HasStore(int space) const { return options_.store && space != 2; }
  // A version that a Set might ask for: often the one that is there.
  uint64_t VersionOf(Name name);

  // --- Time and upkeep --------------------------------------------------------------------------
  void Advance(absl::Duration by);
  void Maintain(size_t budget);
  void Resize(const Capacity& capacity);
  // Statistics, rows, internals, and all entries by Scan.
  void CheckAll(size_t items_max);
  // Scans a namespace and does something between the pages.
  void ScanWhile(int space, size_t items_max, const std::function<void()>& meanwhile);

  // --- Reads ------------------------------------------------------------------------------------
  void Find(Name name);
  void FindInto(Name name);
  void Visit(Name name);
  void Get(Name name);
  void MGet(int space, const std::vector<int>& keys);
  void Has(Name name);
  void Ttl(Name name);

  struct LoadPlan {
    enum class Outcome { kValue, kNothing, kError, kThrow };
    Outcome outcome = Outcome::kValue;
    std::string value = {};
    std::optional<absl::Duration> ttl = std::nullopt;
    uint32_t early_tags = 0;
    uint32_t late_tags = 0;
    bool do_not_cache = false;
    std::function<void()> meanwhile = nullptr;
  };
  void GetOrLoad(Name name, const LoadPlan& plan);

  // --- Writes -----------------------------------------------------------------------------------
  struct SetPlan {
    std::optional<absl::Duration> ttl = std::nullopt;
    std::optional<absl::Duration> idle_ttl = std::nullopt;
    uint32_t tags = 0;
    SetWhen when = SetWhen::kAlways;
    uint64_t if_version = 0;
  };
  struct Item {
    int key;
    std::string value;
  };
  void Set(Name name, const std::string& value, const SetPlan& plan);
  void MSet(int space, const std::vector<Item>& items, SetPlan plan);
  void Delete(Name name);
  void MDelete(int space, const std::vector<int>& keys);
  void Take(Name name);
  void Increment(Name name, int64_t by);
  void Touch(Name name, absl::Duration ttl);
  // Calls with arguments that must be refused, and change nothing.
  void CallBadly(Name name);

  // --- Invalidation -----------------------------------------------------------------------------
  void Invalidate(Name name);
  void MInvalidate(int space, const std::vector<int>& keys);
  void InvalidateTags(int space, uint32_t tags);
  void InvalidateTagEverywhere(int tag);
  void InvalidatePattern(int space, const std::string& pattern);
  void DeleteTag(int space, int tag);
  void Clear(int space);
  void ClearAll();

  // The nth call to the store from now fails, if it comes before DisarmFault.
  enum class Fault { kUnavailable, kUnknownBefore, kUnknownAfter };
  void ArmFault(size_t nth, Fault fault);
  void DisarmFault();

 private:
  struct Departure {
    Name name;
    std::string bytes;
    RemovalCause cause;
  };
  struct Row {
    std::string value;
    uint64_t version = 0;
    absl::Time expires_at;
    uint32_t tags = 0;
  };
  struct Flight {
    Name name;
    bool fenced = false;
    bool doubtful = false;  // may be fenced
    uint32_t invalidated_tags = 0;
  };
  struct Pin {
    Value value;
    std::string bytes;
  };

  void SetCapacity(const Capacity& capacity);

  // What a new entry or row gets.
  ModelEntry NewEntry(int space, std::string bytes, const SetPlan& plan) const;
  absl::Duration TtlOf(int space, const SetPlan& plan) const;
  bool Fits(std::string_view bytes) const { return bytes.size() <= FittingBytes(); }
  SetOptions OptionsOf(const SetPlan& plan) const;
  static std::vector<std::string> TagNames(uint32_t tags);
  static uint32_t TagBits(const std::vector<std::string>& names);
  std::string_view KeyOf(Name name) const { return keys_[static_cast<size_t>(name.key)]; }
  std::vector<std::string_view> KeysOf(const std::vector<int>& keys) const;
  Namespace& SpaceOf(int space) { return spaces_[static_cast<size_t>(space)]; }
  Stats& CountersOf(int space) { return counters_[static_cast<size_t>(space)]; }

  // The frame of every operation.
  void Begin(const char* what, Name name);
  void End();

  // Departures that the operation must cause, and those that it may.
  void ExpectDeparture(Name name, RemovalCause cause);
  void AcceptDepartures();
  bool IsAcceptable(const Departure& departure);
  void CountDeparture(const Departure& departure);
  void Install(Name name, ModelEntry entry);

  // Parts of reads.
  ModelEntry* Read(Name name);
  bool IsLoading(Name name) const;
  void CheckFound(const Value& value, const ModelEntry* expected);
  void CheckHit(const absl::StatusOr<Result>& result, const ModelEntry& expected);
  void CheckMiss(const absl::StatusOr<Result>& result);
  void CheckOwnLoad(Name name, const absl::StatusOr<Result>& result);
  void CheckLoaded(const absl::StatusOr<Result>& result, Tier tier, const ModelEntry& expected);
  void FinishStoreRead(const absl::StatusOr<Result>& result, const Flight& flight);
  void FinishLoader(const absl::StatusOr<Result>& result, const Flight& flight,
                    const LoadPlan& plan);
  void Keep(const Flight& flight, ModelEntry entry, bool wanted);
  void KeepPinned(Value value, std::string_view bytes);

  // Parts of writes.
  void SetInMemory(Name name, const std::string& value, const SetPlan& plan,
                   const absl::StatusOr<SetResult>& result);
  void SetUpToError(int space, const std::vector<Item>& items, const SetPlan& plan,
                    const absl::Status& status);
  bool Holds(Name name, const SetPlan& plan);
  void Put(Name name, ModelEntry entry);
  uint64_t PeekVersion(Name name);
  void SetThrough(int space, const std::vector<Item>& items, const SetPlan& plan,
                  const absl::StatusOr<std::vector<SetResult>>& results);
  SetResult SetRow(Name name, const std::string& value, const SetPlan& plan, SetResult result);
  void InstallAll(std::map<Name, ModelEntry> fresh, std::map<Name, RemovalCause> leaving);
  std::vector<std::optional<std::string>> RemoveInModel(int space, const std::vector<int>& keys);
  void IncrementInMemory(Name name, int64_t by, const absl::StatusOr<int64_t>& result);
  void IncrementThrough(Name name, int64_t by, const absl::StatusOr<int64_t>& result);
  bool CheckSum(std::string_view text, int64_t by, const absl::StatusOr<int64_t>& result);
  uint64_t NewestVersion(Name name, uint64_t version);

  // The store.
  Row* FindRow(Name name);
  bool IsFault(const absl::Status& status) const;
  void FailedWrite(int space, const std::vector<int>& keys, const absl::Status& status);
  void ReadBackRow(Name name);
  void CheckRows();

  // Fences.
  void FenceKey(Name name);
  void DoubtKey(Name name);
  void KillTag(int space, int tag);
  void KillSpace(int space);

  void CheckStats();
  void CheckScan(int space, size_t items_max);
  ScanCursor ScanSome(int space, ScanCursor cursor, size_t items_max,
                      std::map<Name, std::string>* seen);

  // Fails the test once, and tells the last operations.
  void Check(bool holds, std::string_view what);
  template <typename A, typename B>
  void Same(const A& actual, const B& expected, std::string_view what) {
    if (failed_ || actual == expected) return;
    Check(false, std::string(what) + ": " + ::testing::PrintToString(actual) + " instead of " +
                     ::testing::PrintToString(expected));
  }
  std::string Trace() const;

  const Options options_;
  ManualClock clock_;
  std::vector<std::string> keys_;
  std::shared_ptr<MemoryBacking> rows_behind_;
  std::shared_ptr<FaultyBacking> store_;
  std::unique_ptr<Cache> cache_;
  std::vector<Namespace> spaces_;
  size_t limit_per_value_ = 0;
  size_t max_entries_ = 0;
  bool evicts_by_bytes_ = false;

  ModelMemory memory_;
  std::map<Name, Row> rows_;
  std::map<Name, uint64_t> newest_versions_;
  std::array<Stats, kSpaces> counters_;
  std::vector<Flight> flights_;  // the innermost last
  std::vector<Name> loading_;    // whose loaders run
  std::deque<Departure> departures_;
  std::vector<Pin> pins_;
  size_t faulty_call_ = 0;

  struct Step {
    const char* what = nullptr;
    Name name;
    Ms now = 0;
    size_t depth = 0;
  };
  std::array<Step, 24> steps_;
  size_t depth_ = 0;
  size_t operations_ = 0;
  bool failed_ = false;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_TWIN_CACHE_H_
