// Threads load while others change the truth and invalidate: whoever asks after an invalidation
// returned gets no older truth, however loads, tags, patterns and clears meet. And where nothing is
// invalidated, there is one load of a key at a time. An entry that is lost is loaded again, which
// shows in history_test.cc alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iostream>
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
#include "tests/support/cache_internals.h"
#include "tests/support/crew.h"
#include "tests/support/faulty_backing.h"
#include "tests/support/memory_backing.h"
#include "tests/support/random_test.h"
#include "tests/support/read_modes.h"
#include "trivet/cache.h"

namespace trivet {
namespace {

using testing::Random;
using testing::ReadMode;
using testing::Stumble;

constexpr size_t kWriters = 2;
constexpr size_t kReaders = 2;
constexpr size_t kKeyCount = 4;
constexpr const char* kKeys[kKeyCount] = {"a", "b", "c", "d"};

// The truth about a key is a number that grows. What it stands for follows from the number.
bool IsAbsent(uint64_t truth) { return truth % 8 == 5; }
bool IsError(uint64_t truth) { return truth % 8 == 6; }
bool IsNotForCaching(uint64_t truth) { return truth % 8 == 7; }
bool IsOrdinary(uint64_t truth) { return !IsAbsent(truth) && !IsError(truth); }

struct Case {
  const char* name;
  size_t operations;  // of each thread
  size_t max_entries = 100;
  size_t shards = 1;
  bool store = false;  // a store without rows: the truth is the loader's
  bool truth_is_in_store = false;
  bool background = false;
  bool moves = false;  // entries, to other blocks
  bool resizes = false;

  friend std::ostream& operator<<(std::ostream& out, const Case& test_case) {
    return out << test_case.name;
  }
};

class LoadHistoryTest : public ::testing::TestWithParam<std::tuple<Case, ReadMode>> {
 protected:
  void SetUp() override {
    CacheOptions options{.max_entries = case_.max_entries,
                         .shards = case_.shards,
                         .policy = mode_.policy,
                         .join_timeout = absl::Hours(1),
                         .background_maintenance = case_.background,
                         .clock = &clock_};
    if (case_.store || case_.truth_is_in_store) {
      rows_ = std::make_shared<testing::MemoryBacking>(&quiet_clock_);
      const auto store = std::make_shared<testing::FaultyBacking>(rows_);
      store->OnCall(Stumble);
      options.backing = store;
    }
    cache_ = *Cache::Open(std::move(options));
    space_.emplace(cache_->In("space"));
  }

  // Two keys have a tag in common, and all have one.
  static std::string TagOf(size_t key) { return absl::StrCat("t", key % 2); }
  static std::vector<std::string> TagsOf(size_t key) { return {TagOf(key), "all"}; }

  // --- Writers ----------------------------------------------------------------------------------

  // Changes the truth and tells the cache. Each key has one writer.
  void Change(size_t key, Random& random) {
    const uint64_t truth = truths_[key].load() + 1;
    truths_[key].store(truth);
    if (case_.truth_is_in_store) ChangeRow(key, truth);
    Stumble();
    const bool can_be_set = IsOrdinary(truth) && !case_.store;
    if (can_be_set && random() % 4 == 0) {
      ASSERT_TRUE(space_->Set(kKeys[key], absl::StrCat(truth), {.tags = TagsOf(key)}).ok());
    } else {
      ASSERT_TRUE(Invalidate(key, random).ok());
    }
    floors_[key].store(truth);
  }

  // As another process does it.
  void ChangeRow(size_t key, uint64_t truth) {
    const std::string_view name = kKeys[key];
    if (!IsOrdinary(truth)) {
      ASSERT_TRUE(rows_->Delete("space", {&name, 1}).ok());
      return;
    }
    const std::string text = absl::StrCat(truth);
    const std::vector<std::string> tags = TagsOf(key);
    const StoreWrite write{.key = name, .value = text, .tags = tags};
    ASSERT_TRUE(rows_->Write("space", {&write, 1}).ok());
  }

  absl::Status Invalidate(size_t key, Random& random) {
    const std::string_view name = kKeys[key];
    const std::string tag = TagOf(key);
    const std::string_view tags[] = {tag, "unknown"};
    switch (random() % 9) {
      case 0:
      case 1:
        return space_->Invalidate(name);
      case 2:
        return space_->MInvalidate({&name, 1});
      case 3:
        return space_->InvalidateTag(tag);
      case 4:
        return space_->InvalidateTags(tags);
      case 5:
        return cache_->InvalidateTag("all");
      case 6:
        return space_
            ->InvalidatePattern(random() % 2 == 0 ? "*" : absl::StrCat("[", kKeys[key], "]"))
            .status();
      default:
        // These would change the truth where it is in the store.
        if (case_.truth_is_in_store) return space_->Invalidate(name);
        if (random() % 4 == 0) return cache_->ClearAll();
        if (random() % 3 == 0) return space_->DeleteTag(tag);
        return random() % 2 == 0 ? space_->Clear() : space_->Delete(name).status();
    }
  }

  // --- Readers ----------------------------------------------------------------------------------

  // The answer must be a truth not older than what was known before the question.
  void CheckAnswer(size_t key, uint64_t floor, const absl::StatusOr<Result>& answer,
                   const char* what) {
    const uint64_t newest = truths_[key].load();
    const auto one_of = [&](bool (*is_it)(uint64_t)) {
      for (uint64_t truth = floor; truth <= newest; ++truth) {
        if (is_it(truth)) return true;
      }
      return false;
    };
    if (!answer.ok()) {
      ASSERT_EQ(answer.status().code(), absl::StatusCode::kNotFound) << answer.status();
      ASSERT_TRUE(one_of(IsError)) << what << ": an error of a truth before " << floor;
    } else if (!*answer) {
      const bool errors_are_absent = case_.truth_is_in_store;
      ASSERT_TRUE(one_of(IsAbsent) || (errors_are_absent && one_of(IsError)))
          << what << ": a miss of a truth before " << floor;
    } else {
      CheckBytes(key, floor, answer->bytes(), what);
    }
  }
  void CheckBytes(size_t key, uint64_t floor, std::string_view bytes, const char* what) {
    uint64_t truth = 0;
    ASSERT_TRUE(absl::SimpleAtoi(absl::string_view(bytes.data(), bytes.size()), &truth));
    ASSERT_GE(truth, floor) << what << " of key " << kKeys[key];
    ASSERT_LE(truth, truths_[key].load()) << what << " of key " << kKeys[key];
  }

  Loaded LoadTruth(size_t key, Load& load, Random& random) {
    const std::vector<std::string> tags = TagsOf(key);
    const size_t early = random() % 3;  // so many tags are declared before the truth is read
    for (size_t i = 0; i < early; ++i) load.AddTag(tags[i]);
    Stumble();
    const uint64_t truth = truths_[key].load();
    while (random() % 3 != 0) Stumble();
    for (size_t i = early; i < tags.size(); ++i) load.AddTag(tags[i]);
    if (random() % 8 == 0) load.SetTtl(absl::Milliseconds(1 + random() % 3));
    if (IsNotForCaching(truth)) load.DoNotCache();
    if (IsError(truth)) return absl::NotFoundError("no truth");
    if (IsAbsent(truth)) return std::nullopt;
    return absl::StrCat(truth);
  }

  void Ask(size_t key, Random& random) {
    const uint64_t floor = floors_[key].load();
    const std::string_view name = kKeys[key];
    const uint64_t choice = random() % 8;
    if (choice == 0) {
      if (const Value value = space_->Find(name)) CheckBytes(key, floor, *value, "Find");
      Namespace::FoundValue found;
      space_->MFindInto({&name, 1}, {&found, 1});
      if (found.found) CheckBytes(key, floor, found.bytes, "MFindInto");
    } else if (choice == 1) {
      const absl::StatusOr<Result> answer = space_->Get(name);
      const bool may_miss = !case_.truth_is_in_store && answer.ok() && !*answer;
      if (!may_miss) CheckAnswer(key, floor, answer, "Get");
    } else if (case_.truth_is_in_store) {
      if (choice < 5) return CheckAnswer(key, floor, space_->Get(name), "Get");
      const std::string_view names[] = {name, kKeys[(key + 1) % kKeyCount], name};
      const auto answers = space_->MGet(names);
      CheckAnswer(key, floor, answers[0], "MGet");
      CheckAnswer(key, floor, answers[2], "MGet");
    } else {
      CheckAnswer(key, floor,
                  space_->GetOrLoad(name, [&](Load& load) { return LoadTruth(key, load, random); }),
                  "GetOrLoad");
    }
  }

  // What goes on beside the questions.
  void Disturb(Random& random) {
    if (random() % 64 == 0) clock_.Advance(absl::Milliseconds(1));
    if (case_.moves && random() % 4 == 0) testing::MoveEntries(*cache_);
    if (case_.resizes && random() % 16 == 0) {
      ASSERT_TRUE(cache_->Resize({.max_entries = 1 + random() % kKeyCount}).ok());
    }
  }

  const Case case_ = std::get<Case>(GetParam());
  const ReadMode mode_ = std::get<ReadMode>(GetParam());
  const testing::ScopedReaderFence fence_{mode_.reader_fence};
  testing::StumblingClock clock_;
  ManualClock quiet_clock_;
  std::shared_ptr<testing::MemoryBacking> rows_;
  std::unique_ptr<Cache> cache_;
  std::optional<Namespace> space_;
  std::array<std::atomic<uint64_t>, kKeyCount> truths_ = {};
  std::array<std::atomic<uint64_t>, kKeyCount> floors_ = {};
};

TEST_P(LoadHistoryTest, NobodyGetsAnOlderTruthThanWasInvalidated) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  const size_t operations = testing::ScaledCount(case_.operations);
  if (case_.truth_is_in_store) {
    for (size_t key = 0; key < kKeyCount; ++key) ChangeRow(key, 0);
  }
  std::atomic<size_t> writers_at_work{kWriters};
  std::atomic<size_t> asked{0};
  testing::RunCrew(kWriters + kReaders, seed, [&](size_t index, Random& random) {
    if (index < kWriters) {
      for (size_t i = 0; i < operations && !HasFailure(); ++i) {
        Change(random() % (kKeyCount / kWriters) * kWriters + index, random);
        // Longer and shorter times between two changes.
        for (uint64_t pauses = random() % 8; pauses > 0; --pauses) Stumble();
      }
      --writers_at_work;
      return;
    }
    size_t count = 0;
    for (; writers_at_work > 0 && !HasFailure(); ++count) {
      Ask(random() % kKeyCount, random);
      Disturb(random);
    }
    asked += count;
  });
  testing::CheckInvariants(*cache_);
  const Stats stats = cache_->stats();
  std::cout << kWriters * operations << " changes, " << asked << " questions, " << stats.hits
            << " hits, " << stats.loads << " loads, " << stats.loads_fenced << " fenced, "
            << stats.load_joins << " joined, " << testing::SeedTrace(seed) << "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Caches, LoadHistoryTest,
    ::testing::Combine(
        ::testing::Values(
            Case{.name = "Memory", .operations = 60'000},
            Case{.name = "MemoryInShards", .operations = 40'000, .shards = 4},
            Case{.name = "FewEntriesInBackground",
                 .operations = 40'000,
                 .max_entries = 2,
                 .background = true},
            Case{.name = "StoreWithoutRows", .operations = 25'000, .store = true},
            Case{.name = "TruthInStore", .operations = 25'000, .truth_is_in_store = true},
            Case{.name = "TruthInStoreFewEntries",
                 .operations = 25'000,
                 .max_entries = 2,
                 .truth_is_in_store = true},
            Case{.name = "Moves", .operations = 25'000, .moves = true},
            Case{.name = "TruthInStoreResizes",
                 .operations = 15'000,
                 .truth_is_in_store = true,
                 .resizes = true}),
        ::testing::ValuesIn(testing::kReadModes)),
    [](const auto& param_info) {
      return absl::StrCat(std::get<Case>(param_info.param).name,
                          std::get<ReadMode>(param_info.param).name);
    });

// Nothing is invalidated, and loads come again because their results are not kept.
TEST(SingleFlight, OneLoadOfAKeyAtATime) {
  constexpr size_t kThreads = 4;
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  const size_t calls = testing::ScaledCount(50'000);
  testing::StumblingClock clock;
  const auto cache = *Cache::Open({.max_entries = 100,
                                   .shards = 2,
                                   .join_timeout = absl::Hours(1),
                                   .background_maintenance = false,
                                   .clock = &clock});
  Namespace space = cache->In("space");
  std::array<std::atomic<int>, 2> running = {};
  std::atomic<uint64_t> loads{0};
  std::atomic<uint64_t> failures{0};
  testing::RunCrew(kThreads, seed, [&](size_t, Random& random) {
    for (size_t i = 0; i < calls && !::testing::Test::HasFailure(); ++i) {
      const size_t key = random() % running.size();
      const auto answer = space.GetOrLoad(kKeys[key], [&](Load& load) -> Loaded {
        EXPECT_EQ(running[key].fetch_add(1), 0) << "a second load of the key";
        ++loads;
        while (random() % 4 != 0) Stumble();
        load.DoNotCache();
        running[key].fetch_sub(1);
        switch (random() % 4) {
          case 0:
            return std::nullopt;
          case 1:
            ++failures;
            return absl::NotFoundError("no truth");
          default:
            return "value";
        }
      });
      EXPECT_TRUE(answer.ok() || answer.status().code() == absl::StatusCode::kNotFound);
    }
  });
  const Stats stats = cache->stats();
  EXPECT_EQ(stats.misses, kThreads * calls);
  EXPECT_EQ(stats.loads, loads);
  EXPECT_EQ(stats.load_failures, failures);
  EXPECT_EQ(stats.load_joins, stats.misses - stats.loads);
  EXPECT_EQ(stats.loads_fenced, 0u);
  EXPECT_EQ(stats.sets, 0u);
  EXPECT_GT(stats.load_joins, 0u);
  std::cout << stats.loads << " loads, " << stats.load_joins << " joined, "
            << testing::SeedTrace(seed) << "\n";
}

}  // namespace
}  // namespace trivet
