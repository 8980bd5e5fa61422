// Replays against a slow, obvious model.
#include "bindings/cli/replay.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bindings/cli/temporary_folder.h"
#include "bindings/cli/zipf.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/trace_bytes.h"

namespace trivet::cli {
namespace {

using ::testing::HasSubstr;

// The hits of an LRU of so many entries. What has expired goes before each request.
uint64_t ModelHits(const std::vector<TraceRecord>& records, size_t capacity, bool with_ttl) {
  struct Entry {
    uint64_t key;
    uint64_t deadline;
  };
  std::list<Entry> entries;  // the next to go comes first
  uint64_t hits = 0;
  for (const TraceRecord& record : records) {
    if (with_ttl) entries.remove_if([&](const Entry& e) { return e.deadline <= record.time; });
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& e) { return e.key == record.key; });
    if (found != entries.end()) {
      ++hits;
      entries.splice(entries.end(), entries, found);
      continue;
    }
    if (entries.size() == capacity) entries.pop_front();
    const uint64_t deadline = with_ttl && record.ttl > 0 ? record.time + record.ttl : UINT64_MAX;
    entries.push_back({record.key, deadline});
  }
  return hits;
}

std::vector<TraceRecord> ZipfRecords(uint64_t seed, size_t requests, size_t keys) {
  std::mt19937_64 random(seed);
  const Zipf zipf(keys, 0.9);
  std::vector<TraceRecord> records;
  uint32_t time = 1'700'000'000;
  for (size_t i = 0; i < requests; ++i) {
    const uint64_t key = zipf(random);
    time += random() % 10 == 0 ? static_cast<uint32_t>(random() % 5) : 0;
    records.push_back({.key = key * 7919,
                       .size = static_cast<uint32_t>(key % 50),
                       .ttl = static_cast<uint32_t>(key % 4 == 0 ? 0 : 1 + key % 300),
                       .time = time});
  }
  return records;
}

absl::StatusOr<ReplayFigures> ReplayBytes(const std::string& bytes, const ReplayOptions& options,
                                          const std::string& name = "a.ctr") {
  absl::StatusOr<TraceReader> trace = TraceReader::Read(name, ReadFrom(bytes));
  if (!trace.ok()) return trace.status();
  return Replay(*trace, options);
}

TEST(Replay, LruWithOneShardHitsAsOftenAsTheModel) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const std::vector<TraceRecord> records = ZipfRecords(seed, 20'000, 1000);
    const std::string bytes = BinaryTrace(records, 0);
    for (const size_t entries : {1u, 2u, 3u, 10u, 100u, 317u, 999u, 1000u, 5000u}) {
      const auto figures = ReplayBytes(bytes, {.entries = entries, .policy = "lru"});
      ASSERT_TRUE(figures.ok()) << figures.status();
      EXPECT_EQ(figures->requests, records.size());
      EXPECT_EQ(figures->hits, ModelHits(records, entries, /*with_ttl=*/false))
          << entries << " entries, seed " << seed;
      EXPECT_LE(figures->stats.entries, entries);
      EXPECT_EQ(figures->stats.hits, figures->hits);
    }
  }
}

TEST(Replay, ExpiredEntriesMakeRoomInTheSecondInWhichTheyExpire) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const std::vector<TraceRecord> records = ZipfRecords(seed, 10'000, 1000);
    const std::string bytes = BinaryTrace(records, kSizes | kTtls | kTimes);
    for (const size_t entries : {1u, 10u, 100u, 317u, 5000u}) {
      const auto figures = ReplayBytes(bytes, {.entries = entries, .policy = "lru"});
      ASSERT_TRUE(figures.ok()) << figures.status();
      EXPECT_EQ(figures->hits, ModelHits(records, entries, /*with_ttl=*/true))
          << entries << " entries, seed " << seed;
      EXPECT_GT(figures->stats.expired, 0u);
    }
    const auto ignored = ReplayBytes(
        bytes, {.entries = 100, .policy = "lru", .ignore_size = true, .ignore_ttl = true});
    ASSERT_TRUE(ignored.ok()) << ignored.status();
    EXPECT_EQ(ignored->hits, ModelHits(records, 100, /*with_ttl=*/false)) << "seed " << seed;
    EXPECT_EQ(ignored->stats.expired, 0u);
  }
}

TEST(Replay, TtlOptionIsForRequestsWithoutOne) {
  // Key 1 is asked for in seconds 0, 10 and 20.
  const std::vector<TraceRecord> records = {
      {.key = 1, .time = 0}, {.key = 1, .time = 10}, {.key = 1, .time = 20}};
  const std::string bytes = BinaryTrace(records, kTimes);
  EXPECT_EQ(ReplayBytes(bytes, {.entries = 10, .ttl = absl::Seconds(11)})->hits, 1u);
  EXPECT_EQ(ReplayBytes(bytes, {.entries = 10, .ttl = absl::Seconds(10)})->hits, 0u);
  EXPECT_EQ(ReplayBytes(bytes, {.entries = 10})->hits, 2u);

  std::vector<TraceRecord> with_ttl = records;
  for (TraceRecord& record : with_ttl) record.ttl = 100;
  const std::string spelled = BinaryTrace(with_ttl, kTtls | kTimes);
  EXPECT_EQ(ReplayBytes(spelled, {.entries = 10, .ttl = absl::Seconds(5)})->hits, 2u);
  EXPECT_EQ(
      ReplayBytes(spelled, {.entries = 10, .ttl = absl::Seconds(5), .ignore_ttl = true})->hits, 0u);
}

TEST(Replay, TimeThatGoesBackStandsStill) {
  const std::string bytes = BinaryTrace({{.key = 1, .ttl = 10, .time = 100},
                                         {.key = 2, .ttl = 10, .time = 50},
                                         {.key = 1, .ttl = 10, .time = 109},
                                         {.key = 1, .ttl = 10, .time = 110}},
                                        kTtls | kTimes);
  EXPECT_EQ(ReplayBytes(bytes, {.entries = 10})->hits, 1u);
}

TEST(Replay, CountsBytesOfHits) {
  const auto figures =
      ReplayBytes("a\t1000\nb\t10\nb\t10\na\t1000\n", {.memory_bytes = 1 << 20}, "log");
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->hits, 2u);
  EXPECT_EQ(figures->bytes_hit, 1010u);
  EXPECT_EQ(figures->bytes_requested, 2020u);
  EXPECT_DOUBLE_EQ(figures->hit_ratio(), 0.5);
  EXPECT_TRUE(figures->has_sizes);
  EXPECT_EQ(figures->get_ns.count(), 4u);
}

TEST(Replay, StaysWithinItsMemory) {
  std::string log;
  for (int i = 0; i < 20'000; ++i) log += absl::StrCat(i % 7000, "\t", i % 997, "\n");
  const auto figures = ReplayBytes(log, {.memory_bytes = 1 << 20}, "log");
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_GT(figures->stats.evicted, 0u);
  EXPECT_GT(figures->memory_peak_bytes, 0u);
  EXPECT_LE(figures->memory_peak_bytes, uint64_t{1} << 20);
  EXPECT_EQ(figures->stats.memory_limit, uint64_t{1} << 20);
}

TEST(Replay, ValuesLargerThanTheBudgetAreRefusedAndCounted) {
  const auto figures =
      ReplayBytes("a\t4294967295\nb\t900000\nb\t900000\nc\n", {.memory_bytes = 1 << 20}, "log");
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->requests, 4u);
  EXPECT_EQ(figures->hits, 0u);
  EXPECT_EQ(figures->refused, 3u);
}

TEST(Replay, StoreAnswersWhatMemoryForgot) {
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Create();
  ASSERT_TRUE(folder.ok()) << folder.status();
  const std::vector<TraceRecord> records = ZipfRecords(1, 2000, 100);
  const std::string bytes = BinaryTrace(records, 0);
  const ReplayOptions options = {
      .entries = 10, .policy = "lru", .db = folder->path() + "/replay.db"};
  const auto first = ReplayBytes(bytes, options);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->hits, ModelHits(records, 10, /*with_ttl=*/false));
  EXPECT_EQ(first->requests - first->hits - first->store_hits, first->stats.store_writes);

  const auto second = ReplayBytes(bytes, options);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->hits, first->hits);
  EXPECT_EQ(second->hits + second->store_hits, second->requests);
}

TEST(Replay, WrongOptionsAndTracesAreErrors) {
  const std::string bytes = BinaryTrace(ZipfRecords(1, 10, 10), 0);
  const auto policy = ReplayBytes(bytes, {.entries = 10, .policy = "oracle"});
  EXPECT_TRUE(absl::IsInvalidArgument(policy.status())) << policy.status();
  EXPECT_THAT(std::string(policy.status().message()), HasSubstr("policy"));
  const auto shards = ReplayBytes(bytes, {.entries = 10, .shards = 3});
  EXPECT_TRUE(absl::IsInvalidArgument(shards.status())) << shards.status();
  EXPECT_THAT(std::string(shards.status().message()), HasSubstr("shards"));
  const auto cut = ReplayBytes(bytes.substr(0, 100), {.entries = 10});
  EXPECT_TRUE(absl::IsDataLoss(cut.status())) << cut.status();
}

}  // namespace
}  // namespace trivet::cli
