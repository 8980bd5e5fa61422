// The cache against a slow, obvious model, under random operations on so few keys that everything
// collides. What the model knows and what it asks of the cache is told in
// tests/support/twin_cache.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/random_test.h"
#include "tests/support/read_modes.h"
#include "tests/support/twin_cache.h"

namespace trivet {
namespace {

using testing::Name;
using testing::TwinCache;

// Draws operations and their arguments.
class RandomOperations {
 public:
  RandomOperations(TwinCache& twin, bool faults, uint64_t seed)
      : twin_(twin), faults_(faults), random_(seed) {
    for (const Choice& choice : kChoices) weights_ += choice.weight;
  }

  void Step() {
    uint64_t ticket = Below(weights_);
    const Choice* choice = kChoices;
    for (; ticket >= choice->weight; ++choice) ticket -= choice->weight;
    const bool armed = faults_ && loading_.empty() && OneIn(6);
    if (armed) {
      const bool second = choice->run == &RandomOperations::Increment && OneIn(2);
      twin_.ArmFault(second ? 2 : 1, static_cast<TwinCache::Fault>(Below(3)));
    }
    (this->*choice->run)();
    if (armed) twin_.DisarmFault();
  }

 private:
  struct Choice {
    uint64_t weight;
    void (RandomOperations::*run)();
  };

  // --- Arguments --------------------------------------------------------------------------------

  uint64_t Below(uint64_t end) { return random_() % end; }
  bool OneIn(uint64_t times) { return Below(times) == 0; }

  int AnySpace() { return static_cast<int>(Below(TwinCache::kSpaces)); }
  int AnyKey() { return static_cast<int>(Below(static_cast<uint64_t>(twin_.options().keys))); }
  int AnyTag() { return static_cast<int>(Below(TwinCache::kTags)); }
  uint32_t AnyTags() {
    return OneIn(2) ? 0 : static_cast<uint32_t>(Below(1 << TwinCache::kTags) & random_());
  }
  // Within a loader often the key that is being loaded.
  Name AnyName() {
    if (!loading_.empty() && OneIn(2)) return loading_[Below(loading_.size())];
    return {AnySpace(), AnyKey()};
  }
  std::vector<int> AnyKeys() {
    std::vector<int> keys(1 + Below(4));
    for (int& key : keys) key = AnyKey();
    return keys;
  }

  // Different each time, but for a few numbers that are nearly too large.
  std::string AnyValue() {
    const std::string serial = absl::StrCat(++serial_);
    const bool is_tight = twin_.FittingBytes() < twin_.options().value_bytes_max;
    const uint64_t kind = Below(32);
    if (kind == 0) return "9223372036854775800";
    if (kind == 1) return std::string(twin_.options().value_bytes_max + 1, 'x');
    if (kind < 10) return serial;
    std::string value = "v" + serial;
    if (is_tight && kind == 10) {
      value.resize(twin_.OversizeBytes() + Below(100), 'o');
    } else if (is_tight && kind < 20) {
      value.resize(twin_.FittingBytes() - Below(twin_.FittingBytes() / 2), 'l');
    } else {
      value.resize(value.size() + Below(40), 's');
    }
    return value;
  }

  absl::Duration AnyTtl() {
    // Rows live to the nanosecond and entries to the millisecond; on whole ones they agree.
    if (!twin_.options().store && OneIn(6)) return absl::Nanoseconds(1 + Below(3'000'000));
    constexpr int64_t kMillis[] = {1, 2, 3, 8, 16, 17, 33, 64, 100, 1000, 4096, 3'600'000};
    if (OneIn(6)) return absl::InfiniteDuration();
    return absl::Milliseconds(kMillis[Below(std::size(kMillis))]);
  }

  TwinCache::SetPlan AnySetPlan(Name name) {
    TwinCache::SetPlan plan;
    if (OneIn(2)) plan.ttl = AnyTtl();
    if (OneIn(4)) plan.idle_ttl = AnyTtl();
    plan.tags = AnyTags();
    if (OneIn(2)) plan.when = static_cast<SetWhen>(Below(4));
    const uint64_t version = twin_.VersionOf(name);
    plan.if_version = OneIn(2) ? version : 1 + Below(version);
    return plan;
  }

  // --- Operations -------------------------------------------------------------------------------

  void Find() { twin_.Find(AnyName()); }
  void FindInto() { twin_.FindInto(AnyName()); }
  void Visit() { twin_.Visit(AnyName()); }
  void Get() { twin_.Get(AnyName()); }
  void MGet() { twin_.MGet(AnySpace(), AnyKeys()); }
  void Has() { twin_.Has(AnyName()); }
  void Ttl() { twin_.Ttl(AnyName()); }

  void GetOrLoad() {
    const Name name = AnyName();
    TwinCache::LoadPlan plan;
    plan.outcome = OneIn(6) ? static_cast<TwinCache::LoadPlan::Outcome>(1 + Below(3))
                            : TwinCache::LoadPlan::Outcome::kValue;
    plan.value = AnyValue();
    if (OneIn(3)) plan.ttl = OneIn(20) ? absl::ZeroDuration() : AnyTtl();
    plan.early_tags = AnyTags();
    plan.late_tags = AnyTags();
    plan.do_not_cache = OneIn(8);
    constexpr size_t kDepthMax = 2;
    if (loading_.size() < kDepthMax) {
      plan.meanwhile = [this, name] {
        loading_.push_back(name);
        for (uint64_t steps = Below(3); steps > 0 && !twin_.failed(); --steps) Step();
        loading_.pop_back();
      };
    }
    twin_.GetOrLoad(name, plan);
  }

  void Set() {
    const Name name = AnyName();
    twin_.Set(name, AnyValue(), AnySetPlan(name));
  }
  void MSet() {
    // Where pins may fill the room, a batch may stop anywhere.
    if (twin_.options().pins && twin_.options().memory_bytes != 0) return Set();
    const int space = AnySpace();
    std::vector<TwinCache::Item> items;
    for (const int key : AnyKeys()) {
      items.push_back({key, AnyValue()});
      if (items.back().value.size() > twin_.options().value_bytes_max) items.back().value = "small";
    }
    twin_.MSet(space, items, AnySetPlan({space, items.front().key}));
  }
  void Delete() { twin_.Delete(AnyName()); }
  void MDelete() { twin_.MDelete(AnySpace(), AnyKeys()); }
  void Take() { twin_.Take(AnyName()); }
  void Increment() { twin_.Increment(AnyName(), static_cast<int64_t>(Below(20)) - 5); }
  void Touch() { twin_.Touch(AnyName(), AnyTtl()); }
  void CallBadly() { twin_.CallBadly(AnyName()); }

  void Invalidate() { twin_.Invalidate(AnyName()); }
  void MInvalidate() { twin_.MInvalidate(AnySpace(), AnyKeys()); }
  void InvalidateTags() { twin_.InvalidateTags(AnySpace(), AnyTags() | uint32_t{1} << AnyTag()); }
  void InvalidateTagEverywhere() { twin_.InvalidateTagEverywhere(AnyTag()); }
  void InvalidatePattern() {
    constexpr const char* kPatterns[] = {"*",    "k1*", "k?",   "k[0-5]", "k[^3]", "?1",
                                         "\\k2", "k*1", "none", "",       "k[13]"};
    twin_.InvalidatePattern(AnySpace(), kPatterns[Below(std::size(kPatterns))]);
  }
  void DeleteTag() { twin_.DeleteTag(AnySpace(), AnyTag()); }
  void Clear() { twin_.Clear(AnySpace()); }
  void ClearAll() { twin_.ClearAll(); }

  void Advance() {
    if (!twin_.options().store && OneIn(5)) {
      twin_.Advance(absl::Nanoseconds(Below(1'500'000)));
      return;
    }
    constexpr int64_t kMillis[] = {0, 1, 1, 1, 2, 2, 3, 5, 9, 20, 33, 64, 300, 5000, 10'800'000};
    twin_.Advance(absl::Milliseconds(kMillis[Below(std::size(kMillis))]));
  }
  void Maintain() { twin_.Maintain(OneIn(2) ? Below(6) : 10'000); }
  void Resize() {
    // The value that a loader is about to return was cut for the budget as it is.
    if (!loading_.empty()) return Advance();
    const TwinCache::Options& options = twin_.options();
    const bool is_tight = options.max_entries != 0;
    if (is_tight && OneIn(4)) {
      // From a number of entries to bytes, or to both; so many that the pins never fill the tenth
      // that they may have: memory would decline what the store has taken, and nobody is told.
      twin_.Resize({.memory_bytes = (256 + Below(128)) << 10,
                    .max_entries = OneIn(2) ? 0 : options.max_entries});
      return;
    }
    // Between the half and the whole of what it was at first.
    const auto resized = [this](size_t size) { return size == 0 ? 0 : size - Below(size / 2 + 1); };
    const size_t bytes = resized(options.memory_bytes);
    twin_.Resize({.memory_bytes = bytes == 0 ? 0 : std::max<size_t>(bytes, 64 << 10),
                  .max_entries = resized(options.max_entries)});
  }
  void CheckAll() { twin_.CheckAll(1 + Below(20)); }
  void ScanWhile() {
    twin_.ScanWhile(AnySpace(), 1 + Below(6), [this] {
      for (uint64_t steps = Below(3); steps > 0 && !twin_.failed(); --steps) Step();
    });
  }

  using Ops = RandomOperations;
  static constexpr Choice kChoices[] = {
      {60, &Ops::Find},
      {30, &Ops::FindInto},
      {20, &Ops::Visit},
      {80, &Ops::Get},
      {40, &Ops::MGet},
      {20, &Ops::Has},
      {20, &Ops::Ttl},
      {120, &Ops::GetOrLoad},
      {150, &Ops::Set},
      {40, &Ops::MSet},
      {30, &Ops::Delete},
      {15, &Ops::MDelete},
      {15, &Ops::Take},
      {40, &Ops::Increment},
      {20, &Ops::Touch},
      {1, &Ops::CallBadly},
      {20, &Ops::Invalidate},
      {10, &Ops::MInvalidate},
      {20, &Ops::InvalidateTags},
      {5, &Ops::InvalidateTagEverywhere},
      {8, &Ops::InvalidatePattern},
      {5, &Ops::DeleteTag},
      {5, &Ops::Clear},
      {2, &Ops::ClearAll},
      {80, &Ops::Advance},
      {20, &Ops::Maintain},
      {2, &Ops::Resize},
      {4, &Ops::CheckAll},
      {3, &Ops::ScanWhile},
  };

  TwinCache& twin_;
  const bool faults_;
  std::mt19937_64 random_;
  uint64_t weights_ = 0;
  uint64_t serial_ = 0;
  std::vector<Name> loading_;
};

struct Case {
  const char* name;
  size_t operations;
  TwinCache::Options options;
  bool faults = false;
  bool reader_fence = false;

  friend std::ostream& operator<<(std::ostream& out, const Case& test_case) {
    return out << test_case.name;
  }
};

class ModelTest : public ::testing::TestWithParam<Case> {};

TEST_P(ModelTest, EveryAnswerIsTheModels) {
  const Case& test_case = GetParam();
  // A new cache now and then: what happens in its first moments is worth repeating.
  constexpr size_t kOperationsPerCache = 40'000;
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  const size_t operations_max = testing::ScaledCount(test_case.operations);
  const testing::ScopedReaderFence fence(test_case.reader_fence);
  const auto start = std::chrono::steady_clock::now();
  size_t operations = 0;
  for (uint64_t round = 0; operations < operations_max && !HasFailure(); ++round) {
    TwinCache twin(test_case.options);
    RandomOperations random(twin, test_case.faults, seed + round);
    const size_t end = std::min(kOperationsPerCache, operations_max - operations);
    while (twin.operations() < end && !twin.failed()) random.Step();
    operations += twin.operations();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout << operations << " operations in " << seconds.count() << " s, "
            << testing::SeedTrace(seed) << "\n";
}

constexpr size_t kRoomyBytes = 64 << 20;

INSTANTIATE_TEST_SUITE_P(
    Caches, ModelTest,
    ::testing::Values(
        // Nothing is ever evicted.
        Case{"Roomy", 2'000'000, {.policy = "s3fifo", .memory_bytes = kRoomyBytes}},
        Case{"RoomyInShards",
             1'500'000,
             {.shards = 8, .policy = "s3fifo", .memory_bytes = kRoomyBytes}},
        Case{"RoomyLru", 500'000, {.memory_bytes = kRoomyBytes}},
        Case{"RoomyManyKeys", 1'000'000, {.keys = 300, .shards = 2, .memory_bytes = kRoomyBytes}},
        // Evicted in the exact order of use.
        Case{"FewEntries", 1'500'000, {.max_entries = 12}},
        Case{"FewEntriesManyKeys", 500'000, {.keys = 100, .max_entries = 60}},
        // Evicted by bytes: in the order of use, and as much as is needed.
        Case{"FewBytes", 800'000, {.memory_bytes = 64 << 10, .value_bytes_max = 20'000}},
        Case{"FewBytesUnpinned",
             800'000,
             {.memory_bytes = 96 << 10, .value_bytes_max = 20'000, .pins = false}},
        Case{"FewBytesInShards",
             500'000,
             {.shards = 4, .memory_bytes = 256 << 10, .value_bytes_max = 20'000, .pins = false}},
        // Evicted by another policy: which ones is its choice.
        Case{"S3FifoFewEntries", 700'000, {.policy = "s3fifo", .max_entries = 12}},
        Case{"S3FifoFewBytes",
             500'000,
             {.keys = 60,
              .policy = "s3fifo",
              .memory_bytes = 64 << 10,
              .value_bytes_max = 20'000,
              .pins = false}},
        // Without membarrier(2). There is one thread, which needs no fence: what could show is that
        // something else depends on the kind.
        Case{"ReaderFenceFewBytes",
             200'000,
             {.keys = 60,
              .policy = "s3fifo",
              .memory_bytes = 64 << 10,
              .value_bytes_max = 20'000,
              .pins = false},
             false,
             true},
        // In front of a store.
        Case{"Store", 800'000, {.policy = "s3fifo", .memory_bytes = kRoomyBytes, .store = true}},
        Case{"StoreFewEntries", 800'000, {.max_entries = 8, .store = true}},
        Case{"StoreFewBytes",
             500'000,
             {.memory_bytes = 64 << 10, .value_bytes_max = 20'000, .pins = false, .store = true}},
        Case{"StoreFails",
             500'000,
             {.shards = 2, .policy = "s3fifo", .memory_bytes = kRoomyBytes, .store = true},
             true},
        Case{"StoreFailsFewEntries", 300'000, {.max_entries = 8, .store = true}, true}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

}  // namespace
}  // namespace trivet
