// Threads do everything at once, with too little room: no byte of a value that somebody holds ever
// changes, no increment is lost, and the listener is told of every entry exactly once.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
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
using testing::Stumble;

// --- Churn
// ----------------------------------------------------------------------------------------

constexpr size_t kThreads = 3;
constexpr size_t kKeyCount = 250;

// The alphabet again and again.
const std::string& Letters() {
  static const auto* const letters = [] {
    auto* text = new std::string;
    while (text->size() < 5000) text->append("abcdefghijklmnopqrstuvwxyz");
    return text;
  }();
  return *letters;
}

// A value whose every byte follows from its number and its key.
std::string MakeBytes(std::string_view key, uint64_t number) {
  std::string bytes = absl::StrCat(number, "|", absl::string_view(key.data(), key.size()), "|");
  const size_t size = number % 1021 + (number % 16 == 0 ? 3000 : 0);
  return bytes.append(Letters(), number % 26, size);
}

bool IsIntact(std::string_view key, std::string_view bytes) {
  uint64_t number = 0;
  const size_t end = bytes.find('|');
  return end != std::string_view::npos &&
         absl::SimpleAtoi(absl::string_view(bytes.data(), end), &number) &&
         bytes == MakeBytes(key, number);
}

struct ChurnCase {
  const char* name;
  size_t operations;  // of each thread
  const char* policy = "s3fifo";
  bool listener = false;
  bool background = false;
  bool store = false;
  bool reader_fence = false;

  friend std::ostream& operator<<(std::ostream& out, const ChurnCase& test_case) {
    return out << test_case.name;
  }
};

class ChurnTest : public ::testing::TestWithParam<ChurnCase> {
 protected:
  void SetUp() override {
    CacheOptions options{.memory_bytes = kBytes,
                         .shards = 2,
                         .policy = GetParam().policy,
                         .join_timeout = absl::Hours(1),
                         .background_maintenance = GetParam().background,
                         .clock = &clock_};
    if (GetParam().listener) {
      options.removal_listener = [this](const Removal& removal) { OnRemoval(removal); };
    }
    if (GetParam().store) options.backing = std::make_shared<testing::MemoryBacking>(&clock_);
    cache_ = *Cache::Open(std::move(options));
    spaces_.push_back(cache_->In("plain"));
    spaces_.push_back(cache_->In(
        "short",
        {.ttl = absl::Milliseconds(20), .idle_ttl = absl::Milliseconds(10), .use_backing = false}));
  }

  // What a thread holds on to.
  struct Held {
    std::string key;
    Value value;
  };
  using Hands = std::array<Held, 4>;

  void Act(Random& random, Hands* hands) {
    Namespace& space = spaces_[random() % 2];
    const std::string key = absl::StrCat("key", random() % kKeyCount);
    switch (random() % 20) {
      case 0:
      case 1:
        return Hold(key, space.Find(key), random, hands);
      case 2: {
        std::string bytes;
        if (!space.FindInto(key, &bytes)) return;
        EXPECT_TRUE(IsIntact(key, bytes));
        return;
      }
      case 3:
        space.Visit(key, [&](std::string_view bytes) { EXPECT_TRUE(IsIntact(key, bytes)); });
        return;
      case 4: {
        auto taken = space.Take(key);
        if (taken.ok()) Hold(key, *std::move(taken), random, hands);
        return;
      }
      case 5:
        space.Delete(key).IgnoreError();
        return;
      case 6:
        space.Touch(key, absl::Milliseconds(1 + random() % 30)).IgnoreError();
        return;
      case 7:
        if (random() % 400 == 0) space.Clear().IgnoreError();
        return;
      case 8:
        if (random() % 4 != 0) return;
        space.InvalidateTag(absl::StrCat("t", random() % 20)).IgnoreError();
        return;
      case 9:
        if (random() % 20 == 0) space.InvalidatePattern("*7").IgnoreError();
        return;
      case 10:
        if (random() % 50 == 0) ResizeTo(random);
        return;
      case 11:
        clock_.Advance(absl::Milliseconds(random() % 16 / 15));
        cache_->Maintain(random() % 40);
        return;
      case 12:
        if (random() % 10 == 0) ScanSome(space, random, hands);
        return;
      case 13:
      case 14:
        return Load(space, key, random, hands);
      default:
        return Set(space, key, random);
    }
  }

  void Set(Namespace& space, const std::string& key, Random& random) {
    SetOptions options;
    if (random() % 2 == 0) options.tags = {absl::StrCat("t", random() % 20)};
    if (random() % 4 == 0) options.ttl = absl::Milliseconds(1 + random() % 50);
    const auto result = space.Set(key, MakeBytes(key, ++last_number_), options);
    // Values that threads hold may fill the room that there is for them.
    EXPECT_TRUE(result.ok() || result.status().code() == absl::StatusCode::kResourceExhausted)
        << result.status();
  }

  // On a thread that is told of a removal, loads might wait for the load that caused it.
  void Load(Namespace& space, const std::string& key, Random& random, Hands* hands) {
    if (depth_ > 0) return Set(space, key, random);
    auto loaded = space.GetOrLoad(key, [&](trivet::Load& load) {
      load.AddTag(absl::StrCat("t", random() % 20));
      Stumble();
      return MakeBytes(key, ++last_number_);
    });
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    Hold(key, std::move(loaded->value), random, hands);
  }

  void ScanSome(Namespace& space, Random& random, Hands* hands) {
    const auto page = space.Scan({.shard = static_cast<uint32_t>(random() % 2), .hash = random()});
    ASSERT_TRUE(page.ok());
    for (const ScanPage::Item& item : page->items) {
      EXPECT_TRUE(IsIntact(item.key, item.value.bytes()));
      Hold(item.key, item.value, random, hands);
    }
  }

  void ResizeTo(Random& random) {
    Capacity capacity{.memory_bytes = kBytes / (1 + random() % 2)};
    if (random() % 3 == 0) capacity.max_entries = 100;
    EXPECT_TRUE(cache_->Resize(capacity).ok());
  }

  static void CheckHeld(const Held& held) {
    EXPECT_TRUE(!held.value || IsIntact(held.key, held.value.bytes()));
  }

  // Keeps the value for a while, in place of another one that must be as it was.
  static void Hold(const std::string& key, Value value, Random& random, Hands* hands) {
    if (!value) return;
    EXPECT_TRUE(IsIntact(key, value.bytes()));
    Held& held = (*hands)[random() % hands->size()];
    CheckHeld(held);
    held = {key, std::move(value)};
  }

  // Calls the cache again, which may tell of more removals, and so on to a depth.
  void OnRemoval(const Removal& removal) {
    ++removals_[static_cast<size_t>(removal.cause)];
    const std::string key(removal.key);
    EXPECT_TRUE(IsIntact(key, removal.value.bytes()));
    thread_local Random random(++last_number_);
    if (depth_ >= 2 || random() % 4 != 0) return;
    ++depth_;
    Hands hands;
    if (GetParam().store) {
      // Writes might wait for the write that caused this.
      Hold(key, spaces_[random() % 2].Find(key), random, &hands);
    } else {
      Act(random, &hands);
      Set(spaces_[random() % 2], key, random);
    }
    --depth_;
  }

  static constexpr size_t kBytes = 256 << 10;

  const testing::ScopedReaderFence fence_{GetParam().reader_fence};
  testing::StumblingClock clock_;
  std::unique_ptr<Cache> cache_;
  std::vector<Namespace> spaces_;
  std::atomic<uint64_t> last_number_{0};
  std::array<std::atomic<uint64_t>, 6> removals_ = {};
  static thread_local int depth_;  // of calls by the listener
};

thread_local int ChurnTest::depth_ = 0;

TEST_P(ChurnTest, BytesStayIntactAndRemovalsAreToldOnce) {
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  const size_t operations = testing::ScaledCount(GetParam().operations);
  testing::RunCrew(kThreads, seed, [&](size_t, Random& random) {
    Hands hands;
    for (size_t i = 0; i < operations && !HasFailure(); ++i) Act(random, &hands);
    for (const Held& held : hands) CheckHeld(held);
  });
  ASSERT_TRUE(cache_->Resize({.memory_bytes = kBytes}).ok());
  while (cache_->Maintain(1000)) continue;
  const Stats stats = cache_->stats();
  EXPECT_EQ(stats.pinned_bytes, 0u);
  EXPECT_LE(stats.memory_bytes, stats.memory_limit);
  const uint64_t removed =
      stats.removed_explicit + stats.replaced + stats.expired + stats.evicted + stats.invalidated;
  EXPECT_EQ(stats.sets, stats.entries + removed);  // none is oversize
  if (GetParam().listener) {
    const auto told_as = [this](RemovalCause cause) {
      return removals_[static_cast<size_t>(cause)].load();
    };
    EXPECT_EQ(told_as(RemovalCause::kExplicit), stats.removed_explicit);
    EXPECT_EQ(told_as(RemovalCause::kReplaced), stats.replaced);
    EXPECT_EQ(told_as(RemovalCause::kExpired), stats.expired);
    EXPECT_EQ(told_as(RemovalCause::kEvicted), stats.evicted);
    EXPECT_EQ(told_as(RemovalCause::kInvalidated), stats.invalidated);
    EXPECT_EQ(told_as(RemovalCause::kOversize), 0u);
  }
  testing::CheckInvariants(*cache_);
  std::cout << stats.sets << " sets, " << stats.hits << " hits, " << stats.evicted << " evicted, "
            << stats.expired << " expired, " << stats.invalidated << " invalidated, "
            << testing::SeedTrace(seed) << "\n";
  EXPECT_TRUE(cache_->Close().ok());
}

INSTANTIATE_TEST_SUITE_P(
    Caches, ChurnTest,
    ::testing::Values(
        ChurnCase{.name = "Plain", .operations = 300'000},
        ChurnCase{.name = "Lru", .operations = 300'000, .policy = "lru"},
        ChurnCase{.name = "ReaderFence", .operations = 300'000, .reader_fence = true},
        ChurnCase{
            .name = "LruReaderFence", .operations = 100'000, .policy = "lru", .reader_fence = true},
        ChurnCase{.name = "Listener", .operations = 300'000, .listener = true},
        ChurnCase{
            .name = "InBackground", .operations = 300'000, .listener = true, .background = true},
        ChurnCase{.name = "InBackgroundReaderFence",
                  .operations = 100'000,
                  .listener = true,
                  .background = true,
                  .reader_fence = true},
        ChurnCase{.name = "Store", .operations = 300'000, .listener = true, .store = true}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

// --- Sums
// -----------------------------------------------------------------------------------------

// All increments of all threads are in what is there in the end, or was taken in between.
void ExpectSumsAddUp(Cache& cache, bool may_invalidate) {
  constexpr const char* kKeys[] = {"a", "b"};
  const uint64_t seed = testing::RandomTestSeed();
  SCOPED_TRACE(testing::SeedTrace(seed));
  const size_t calls = testing::ScaledCount(80'000);
  Namespace space = cache.In("space");
  std::array<std::atomic<int64_t>, 2> added = {};
  std::array<std::atomic<int64_t>, 2> taken = {};
  testing::RunCrew(kThreads, seed, [&](size_t, Random& random) {
    for (size_t i = 0; i < calls && !::testing::Test::HasFailure(); ++i) {
      const size_t key = random() % 2;
      const std::string_view name = kKeys[key];
      const uint64_t choice = random() % 64;
      if (choice == 0) {
        const auto value = space.Take(name);
        ASSERT_TRUE(value.ok()) << value.status();
        int64_t number = 0;
        ASSERT_TRUE(!*value || absl::SimpleAtoi(std::string(value->bytes()), &number));
        taken[key] += number;
      } else if (choice == 1) {
        ASSERT_TRUE(space.Touch(name, absl::Hours(1)).ok());
      } else if (choice < 8) {
        ASSERT_TRUE(space.Get(name).ok());
      } else if (choice < 12 && may_invalidate) {
        ASSERT_TRUE(space.Invalidate(name).ok());
      } else {
        const int64_t by = static_cast<int64_t>(random() % 7) - 2;
        ASSERT_TRUE(space.Increment(name, by).ok());
        added[key] += by;
      }
    }
  });
  for (size_t key = 0; key < added.size(); ++key) {
    EXPECT_EQ(*space.Increment(kKeys[key], 0), added[key] - taken[key]);
  }
}

TEST(IncrementsOfThreads, AddUpInMemory) {
  testing::StumblingClock clock;
  const auto cache = *Cache::Open({.max_entries = 100, .shards = 1, .clock = &clock});
  ExpectSumsAddUp(*cache, false);
}

TEST(IncrementsOfThreads, AddUpInTheStore) {
  testing::StumblingClock clock;
  ManualClock quiet_clock;
  const auto store = std::make_shared<testing::FaultyBacking>(
      std::make_shared<testing::MemoryBacking>(&quiet_clock));
  store->OnCall(Stumble);
  const auto cache = *Cache::Open({.max_entries = 1,
                                   .shards = 1,
                                   .join_timeout = absl::Hours(1),
                                   .backing = store,
                                   .clock = &clock});
  ExpectSumsAddUp(*cache, true);
}

}  // namespace
}  // namespace trivet
