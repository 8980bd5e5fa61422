// What docs/protocol.md promises, by a real Redis, a database file, and caches as programs open
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/store/temp_folder.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/redis_server.h"
#include "trivet/open.h"

namespace trivet {
namespace {

using testing::Eventually;
using testing::IsOk;

std::string Text(const absl::StatusOr<Result>& answer) {
  if (!answer.ok()) return answer.status().ToString();
  return answer->value ? std::string(answer->bytes()) : "-";
}

class CoherenceOverRedisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (std::unique_ptr<Cache>& cache : caches_) {
      auto opened = Open({.memory_bytes = 1 << 20, .store = store_, .redis = redis_.UnixUrl()});
      ASSERT_THAT(opened, IsOk());
      cache = *std::move(opened);
    }
    ASSERT_THAT(users(0).Set("warm", "1"), IsOk());
    ASSERT_TRUE(AllTrustTheirMemory());
  }

  Namespace users(size_t process) { return caches_[process]->In("users"); }

  // Each cache keeps what it reads, and so has a proof that it may.
  bool AllTrustTheirMemory() {
    return Eventually([this] {
      for (size_t i = 0; i < kProcesses; ++i) {
        if (users(i).Get("warm")->tier != Tier::kMemory) return false;
      }
      return true;
    });
  }

  // Reads until the answer is as wanted. No read that begins later than the bound after this call,
  // and so after the change that went before it, may have another one.
  void ExpectSoon(size_t process, std::string_view key, std::string_view wanted,
                  absl::Duration bound = kBound) {
    const absl::Time changed = absl::Now();
    while (true) {
      const absl::Time begun = absl::Now();
      const std::string read = Text(users(process).Get(key));
      if (read == wanted) return;
      ASSERT_LE(begun - changed, bound) << "process " << process << " reads \"" << read << "\"";
      std::this_thread::yield();
    }
  }

  std::string Load(size_t process, std::string_view key, std::string value) {
    return Text(users(process).GetOrLoad(key, [&](trivet::Load& load) -> Loaded {
      load.AddTag("org:7");
      return value;
    }));
  }

  static constexpr size_t kProcesses = 3;
  static constexpr absl::Duration kBound = absl::Seconds(2);  // CoherenceOptions::staleness_max
  // That of a change that the writer could not tell: the change log is looked at in time.
  static constexpr absl::Duration kUntoldBound = absl::Milliseconds(2500);

  testing::TempFolder folder_;
  const std::string store_ = "sqlite:" + folder_.File("app.db");
  testing::RedisServer redis_;
  std::unique_ptr<Cache> caches_[kProcesses];  // as in so many processes
};

TEST_F(CoherenceOverRedisTest, OneLoadServesAll) {
  EXPECT_EQ(Load(0, "42", "Ada"), "Ada");
  for (const size_t other : {1, 2}) {
    const auto read = users(other).Get("42");
    EXPECT_EQ(Text(read), "Ada");
    EXPECT_EQ(read->tier, Tier::kShared);
    EXPECT_EQ(users(other).Get("42")->tier, Tier::kMemory);
  }
}

TEST_F(CoherenceOverRedisTest, SetsAreSeenByAll) {
  for (int turn = 0; turn < 20; ++turn) {
    const size_t writer = static_cast<size_t>(turn) % kProcesses;
    const std::string value = "v" + std::to_string(turn);
    const auto set = users(writer).Set("42", value);
    ASSERT_THAT(set, IsOk());
    EXPECT_EQ(set->coherence, Coherence::kApplied);
    EXPECT_EQ(Text(users(writer).Get("42")), value) << "read your writes";
    for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", value);
  }
}

TEST_F(CoherenceOverRedisTest, DeletesAreSeenByAll) {
  ASSERT_THAT(users(0).Set("42", "Ada"), IsOk());
  for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", "Ada");
  Coherence told = Coherence::kLocal;
  EXPECT_THAT(users(1).Delete("42", &told), testing::IsOkAndHolds(true));
  EXPECT_EQ(told, Coherence::kApplied);
  for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", "-");
}

TEST_F(CoherenceOverRedisTest, InvalidationsOfEveryKindAreSeenByAll) {
  const std::vector<std::pair<std::string, absl::Status (*)(Namespace, Coherence*)>> kWays = {
      {"key", [](Namespace users, Coherence* told) { return users.Invalidate("42", told); }},
      {"tag", [](Namespace users, Coherence* told) { return users.InvalidateTag("org:7", told); }},
      {"pattern", [](Namespace users,
                     Coherence* told) { return users.InvalidatePattern("4*", told).status(); }},
      {"namespace", [](Namespace users, Coherence* told) { return users.Clear(told); }},
  };
  size_t turn = 0;
  for (const auto& [name, invalidate] : kWays) {
    SCOPED_TRACE(name);
    const std::string value = "v" + std::to_string(turn);
    for (size_t reader = 0; reader < kProcesses; ++reader) {
      EXPECT_EQ(Load(reader, "42", value), value);
    }
    Coherence told = Coherence::kLocal;
    EXPECT_THAT(invalidate(users(turn % kProcesses), &told), IsOk());
    EXPECT_EQ(told, Coherence::kApplied);
    for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", "-");
    ++turn;
  }
}

TEST_F(CoherenceOverRedisTest, WithoutRedisReadsAndWritesGoOn) {
  ASSERT_THAT(users(0).Set("42", "Ada"), IsOk());
  for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", "Ada");
  redis_.Kill();
  const auto set = users(0).Set("42", "Grace");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->coherence, Coherence::kDeferred);
  EXPECT_EQ(Text(users(0).Get("42")), "Grace") << "read your writes";
  for (size_t reader = 0; reader < kProcesses; ++reader) {
    ExpectSoon(reader, "42", "Grace", kUntoldBound);
    EXPECT_TRUE(Eventually([&] { return users(reader).Get("42")->tier == Tier::kStore; }));
    EXPECT_EQ(Text(users(reader).Get("42")), "Grace");
  }
}

TEST_F(CoherenceOverRedisTest, WhenRedisIsBackAllAgree) {
  redis_.Kill();
  const auto while_down = users(0).Set("42", "Ada");
  ASSERT_THAT(while_down, IsOk());
  EXPECT_EQ(while_down->coherence, Coherence::kDeferred);
  redis_.Start();
  ASSERT_TRUE(AllTrustTheirMemory());
  for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", "Ada");
  ASSERT_TRUE(Eventually([this] {
    const auto set = users(1).Set("42", "Grace");
    return set.ok() && set->coherence == Coherence::kApplied;
  }));
  for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", "Grace");
}

TEST_F(CoherenceOverRedisTest, AHangingRedisHoldsNobodyUp) {
  ASSERT_THAT(users(0).Set("42", "Ada"), IsOk());
  for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", "Ada");
  redis_.Pause();
  const auto set = users(0).Set("42", "Grace");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->coherence, Coherence::kDeferred);
  for (size_t reader = 0; reader < kProcesses; ++reader) {
    ExpectSoon(reader, "42", "Grace", kUntoldBound);
  }
  redis_.Resume();
  ASSERT_TRUE(AllTrustTheirMemory());
  for (size_t reader = 0; reader < kProcesses; ++reader) ExpectSoon(reader, "42", "Grace");
}

}  // namespace
}  // namespace trivet
