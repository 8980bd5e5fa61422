// Threads write and read few keys in all ways at once; afterwards, key by key, there must be an
// order of what they did that agrees with what they saw (linearizability).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/support/cache_internals.h"
#include "tests/support/crew.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/memory_backing.h"
#include "tests/support/random_test.h"
#include "tests/support/read_modes.h"
#include "tests/support/register_history.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using testing::Random;
using testing::ReadMode;
using testing::RegisterOp;
using testing::RegisterState;
using Kind = testing::RegisterOp::Kind;

constexpr size_t kThreads = 3;
constexpr size_t kOpsPerRound = 5;  // of each thread
constexpr std::string_view kKeys[] = {"a", "b", "c"};
constexpr size_t kKeyCount = std::size(kKeys);

constexpr absl::Duration kTtl = absl::Milliseconds(3);

// What goes on beside the operations.
enum class Beside {
  kExpiry,  // mortal values have a TTL, and time passes
  kResizes,
  kMoves,  // entries are moved to other blocks
};

struct Case {
  const char* name;
  size_t rounds;
  size_t max_entries = 100;
  size_t shards = 1;
  bool store = false;
  std::vector<Beside> beside = {};

  friend std::ostream& operator<<(std::ostream& out, const Case& test_case) {
    return out << test_case.name;
  }
};

uint64_t NumberIn(std::string_view bytes) {
  uint64_t number = 0;
  if (bytes.empty()) return 0;
  return absl::SimpleAtoi(absl::string_view(bytes.data(), bytes.size()), &number)
             ? number
             : RegisterOp::kSomeValue - 1;
}

std::string TagOf(uint64_t value) { return absl::StrCat("t", value % RegisterOp::kTags); }

class HistoryTest : public ::testing::TestWithParam<std::tuple<Case, ReadMode>> {
 protected:
  void SetUp() override {
    CacheOptions options{.max_entries = case_.max_entries,
                         .shards = case_.shards,
                         .policy = mode_.policy,
                         .background_maintenance = false,
                         .clock = &clock_};
    if (case_.store) {
      const auto store = std::make_shared<testing::FaultyBacking>(
          std::make_shared<testing::MemoryBacking>(&quiet_clock_));
      store->OnCall(testing::Stumble);
      options.backing = store;
    }
    cache_ = *Cache::Open(std::move(options));
    space_.emplace(cache_->In("space"));
  }

  // What one thread did in this round, by key.
  struct Diary {
    std::array<std::vector<RegisterOp>, kKeyCount> ops;
    std::array<uint64_t, kKeyCount> version_seen = {};
  };

  // Does `call(op)` and notes it with its times.
  template <typename Call>
  void Note(Diary& diary, size_t key, RegisterOp op, const Call& call) {
    op.begin = ++order_;
    call(op);
    op.end = ++order_;
    if (op.version != 0) diary.version_seen[key] = op.version;
    diary.ops[key].push_back(op);
  }

  bool Has(Beside beside) const {
    return std::find(case_.beside.begin(), case_.beside.end(), beside) != case_.beside.end();
  }

  void Disturb(Random& random) {
    constexpr Capacity kCapacities[] = {
        {.max_entries = 100}, {.max_entries = 2}, {.memory_bytes = 64 << 10, .max_entries = 1}};
    if (case_.beside.empty()) return;
    switch (case_.beside[random() % case_.beside.size()]) {
      case Beside::kExpiry:
        clock_.Advance(absl::Milliseconds(1));
        cache_->Maintain(random() % 8);
        return;
      case Beside::kResizes:
        ASSERT_TRUE(cache_->Resize(kCapacities[random() % std::size(kCapacities)]).ok());
        return;
      case Beside::kMoves:
        testing::MoveEntries(*cache_);
    }
  }

  void Act(Diary& diary, Random& random) {
    const size_t key = random() % kKeyCount;
    switch (random() % 12) {
      case 0:
      case 1:
        return Set(diary, key, Kind::kSet, random);
      case 2:
        return Set(diary, key, static_cast<Kind>(1 + random() % 3), random);
      case 3:
        return SetTwo(diary, key);
      case 4:
      case 5:
      case 6:
        return Note(diary, key, {.kind = Kind::kRead}, [&](RegisterOp& op) {
          const auto result = space_->Get(kKeys[key]);
          ASSERT_TRUE(result.ok());
          op.value = NumberIn(result->bytes());
          op.version = result->version;
        });
      case 7:
        return LookAtAll(diary);
      case 8:
        return Note(diary, key, {.kind = Kind::kLook},
                    [&](RegisterOp& op) { op.value = NumberIn(space_->Find(kKeys[key]).bytes()); });
      case 9:
        return Note(diary, key, {.kind = Kind::kRemove}, [&](RegisterOp& op) {
          const auto taken = space_->Take(kKeys[key]);
          ASSERT_TRUE(taken.ok());
          op.value = NumberIn(taken->bytes());
        });
      case 10:
        return Note(diary, key, {.kind = Kind::kRemove}, [&](RegisterOp& op) {
          const auto deleted = space_->Delete(kKeys[key]);
          ASSERT_TRUE(deleted.ok());
          op.value = *deleted ? RegisterOp::kSomeValue : 0;
        });
      default:
        return Drop(diary, key, random);
    }
  }

  // A batch is an operation on each of its keys.
  void LookAtAll(Diary& diary) {
    std::array<Namespace::FoundValue, kKeyCount> found;
    RegisterOp op{.kind = Kind::kLook, .begin = ++order_};
    space_->MFindInto(kKeys, found);
    op.end = ++order_;
    for (size_t key = 0; key < kKeyCount; ++key) {
      op.value = NumberIn(found[key].bytes);
      diary.ops[key].push_back(op);
    }
  }

  // Half of the mortal ones have the one kind of TTL, half the other.
  SetOptions OptionsOf(uint64_t value) const {
    SetOptions options{.tags = {TagOf(value)}};
    if (Has(Beside::kExpiry) && RegisterOp::IsMortal(value)) {
      (value % 2 == 0 ? options.ttl : options.idle_ttl) = kTtl;
    }
    return options;
  }

  void Set(Diary& diary, size_t key, Kind kind, Random& random) {
    constexpr SetWhen kWhen[] = {SetWhen::kAlways, SetWhen::kIfAbsent, SetWhen::kIfPresent,
                                 SetWhen::kIfVersion};
    const uint64_t value = ++last_value_;
    SetOptions options = OptionsOf(value);
    options.when = kWhen[static_cast<size_t>(kind)];
    if (kind == Kind::kSetIfVersion) {
      options.if_version = diary.version_seen[key] + random() % 8 / 7;  // seldom a wrong one
    }
    Note(diary, key, {.kind = kind, .argument = value, .if_version = options.if_version},
         [&](RegisterOp& op) {
           const auto result = space_->Set(kKeys[key], absl::StrCat(value), options);
           ASSERT_TRUE(result.ok()) << result.status();
           op.applied = result->applied;
           op.version = result->version;
         });
  }

  // A batch has one set of options, so here one tag.
  void SetTwo(Diary& diary, size_t first) {
    const size_t second = (first + 1) % kKeyCount;
    const uint64_t value = last_value_.fetch_add(2 * RegisterOp::kTags) + 1;
    const uint64_t other = value + RegisterOp::kTags;
    const std::string texts[] = {absl::StrCat(value), absl::StrCat(other)};
    const std::vector<Namespace::Item> items = {{kKeys[first], texts[0]},
                                                {kKeys[second], texts[1]}};
    RegisterOp op{.kind = Kind::kSet, .begin = ++order_, .applied = true};
    const auto results = space_->MSet(items, OptionsOf(value));
    op.end = ++order_;
    ASSERT_TRUE(results.ok());
    op.argument = value;
    op.version = (*results)[0].version;
    diary.ops[first].push_back(op);
    op.argument = other;
    op.version = (*results)[1].version;
    diary.ops[second].push_back(op);
  }

  // Ways to make the key go away without an answer. What only drops memory's copy is no change
  // where there is a store.
  //
  // DeleteTag is not among them: when it deletes the row of a Set that is not yet finished, memory
  // serves the value before that Set for another moment, which no order explains.
  void Drop(Diary& diary, size_t key, Random& random) {
    const bool store = case_.store;
    switch (random() % 5) {
      case 0:
        return DropAll(diary, true, [&] { return space_->Clear(); });
      case 1:
        return DropAll(diary, !store, [&] { return space_->InvalidatePattern("[a-c]").status(); });
      case 2:
        return DropTagged(diary, !store, random,
                          [&](const std::string& tag) { return space_->InvalidateTag(tag); });
      default: {
        RegisterOp op{.kind = Kind::kDrop, .begin = ++order_};
        ASSERT_TRUE(space_->Invalidate(kKeys[key]).ok());
        op.end = ++order_;
        if (!store) diary.ops[key].push_back(op);
      }
    }
  }
  template <typename Call>
  void DropAll(Diary& diary, bool is_change, const Call& call) {
    RegisterOp op{.kind = Kind::kDrop, .begin = ++order_};
    ASSERT_TRUE(call().ok());
    op.end = ++order_;
    if (!is_change) return;
    for (auto& ops : diary.ops) ops.push_back(op);
  }
  template <typename Call>
  void DropTagged(Diary& diary, bool is_change, Random& random, const Call& call) {
    RegisterOp op{.kind = Kind::kDropTagged, .begin = ++order_};
    op.argument = random() % RegisterOp::kTags;
    ASSERT_TRUE(call(TagOf(op.argument)).ok());
    op.end = ++order_;
    if (!is_change) return;
    for (auto& ops : diary.ops) ops.push_back(op);
  }

  // When all threads rest: is there an order? What is there now begins the next round.
  void Judge(std::array<Diary, kThreads>& diaries) {
    const testing::RegisterRules rules{
        .may_lose = !case_.store && (case_.max_entries < 100 || Has(Beside::kResizes)),
        .may_expire = Has(Beside::kExpiry),
        .look_may_miss = case_.store};
    for (size_t key = 0; key < kKeyCount; ++key) {
      std::vector<RegisterOp> ops;
      for (Diary& diary : diaries) {
        ops.insert(ops.end(), diary.ops[key].begin(), diary.ops[key].end());
        diary.ops[key].clear();
      }
      const auto now = space_->Get(kKeys[key]);
      ASSERT_TRUE(now.ok());
      RegisterOp last{.kind = Kind::kRead, .begin = ++order_, .end = ++order_};
      last.value = NumberIn(now->bytes());
      last.version = now->version;
      ops.push_back(last);
      RegisterState& state = states_[key];
      operations_ += ops.size();
      ASSERT_TRUE(testing::IsLinearizable(ops, state, rules))
          << "key " << kKeys[key] << ", at first value " << state.value << " version "
          << state.version << ":\n"
          << testing::ToString(ops);
      state.value = last.value;
      state.version = last.version;
      for (const RegisterOp& op : ops) {
        if (op.applied) state.newest_version = std::max(state.newest_version, op.version);
      }
    }
    if (Has(Beside::kExpiry)) ExpireAll();
  }

  // From now on the mortal must be gone.
  void ExpireAll() {
    clock_.Advance(2 * kTtl);
    for (RegisterState& state : states_) {
      if (RegisterOp::IsMortal(state.value)) state.value = state.version = 0;
    }
  }

  const Case case_ = std::get<Case>(GetParam());
  const ReadMode mode_ = std::get<ReadMode>(GetParam());
  const testing::ScopedReaderFence fence_{mode_.reader_fence};
  testing::StumblingClock clock_;
  ManualClock quiet_clock_;
  std::unique_ptr<Cache> cache_;
  std::optional<Namespace> space_;
  std::atomic<uint64_t> order_{0};
  std::atomic<uint64_t> last_value_{0};
  std::array<RegisterState, kKeyCount> states_;
  size_t operations_ = 0;
};

TEST_P(HistoryTest, EveryKeyIsLinearizable) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  const size_t rounds = testing::ScaledCount(case_.rounds);
  std::array<Diary, kThreads> diaries;
  testing::MeetingPoint meeting(kThreads);
  std::atomic<bool> stop{false};
  testing::RunCrew(kThreads, seed, [&](size_t index, Random& random) {
    for (size_t round = 0; round < rounds && !stop; ++round) {
      meeting.Arrive();
      for (size_t i = 0; i < kOpsPerRound; ++i) {
        if (random() % 2 == 0) Disturb(random);
        Act(diaries[index], random);
        testing::Stumble();
      }
      meeting.Arrive();
      if (index == 0) {
        Judge(diaries);
        if (round % 64 == 0) testing::CheckInvariants(*cache_);
        stop = HasFailure();
      }
      meeting.Arrive();
    }
  });
  std::cout << rounds << " rounds, " << operations_ << " operations, " << testing::SeedTrace(seed)
            << "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Caches, HistoryTest,
    ::testing::Combine(
        ::testing::Values(
            Case{.name = "Memory", .rounds = 10'000},
            Case{.name = "MemoryInShards", .rounds = 5000, .shards = 4},
            Case{.name = "FewEntries", .rounds = 7000, .max_entries = 2},
            Case{.name = "Store", .rounds = 7000, .store = true},
            Case{.name = "StoreInShards", .rounds = 3000, .shards = 4, .store = true},
            Case{.name = "StoreFewEntries", .rounds = 7000, .max_entries = 1, .store = true},
            Case{.name = "Expiry", .rounds = 5000, .beside = {Beside::kExpiry}},
            Case{.name = "Resizes", .rounds = 4000, .beside = {Beside::kResizes}},
            Case{.name = "StoreResizes",
                 .rounds = 3000,
                 .store = true,
                 .beside = {Beside::kResizes}},
            Case{.name = "Moves", .rounds = 4000, .beside = {Beside::kMoves}},
            Case{.name = "StoreMoves", .rounds = 3000, .store = true, .beside = {Beside::kMoves}},
            Case{.name = "Upheaval",
                 .rounds = 4000,
                 .beside = {Beside::kExpiry, Beside::kResizes, Beside::kMoves}}),
        ::testing::ValuesIn(testing::kReadModes)),
    [](const auto& param_info) {
      return absl::StrCat(std::get<Case>(param_info.param).name,
                          std::get<ReadMode>(param_info.param).name);
    });

}  // namespace
}  // namespace trivet
