#include "trivet/open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/store/temp_folder.h"
#include "tests/support/fake_lease_keeper.h"
#include "tests/support/fake_shared_tier.h"
#include "tests/support/memory_backing.h"
#include "tests/support/status_matchers.h"
#include "trivet/clock.h"
#include "trivet/sqlite_backing.h"

namespace trivet {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using enum absl::StatusCode;

class OpenTest : public ::testing::Test {
 protected:
  static std::string Get(Cache& cache, const std::string& key) {
    auto found = cache.In("users").Get(key);
    if (!found.ok()) return found.status().ToString();
    return *found ? std::string(found->bytes()) : "-";
  }

  testing::TempFolder folder_;
  const std::string file_ = folder_.File("app.db");
  const std::string store_ = "sqlite:" + file_;
};

TEST_F(OpenTest, WithoutAStoreThereIsMemoryAlone) {
  auto cache = Open({.memory_bytes = 1 << 20});
  ASSERT_THAT(cache, IsOk());
  EXPECT_THAT((*cache)->In("users").Set("a", "1"), IsOk());
  EXPECT_EQ(Get(**cache, "a"), "1");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(OpenTest, AStoreByNameOutlivesTheCache) {
  {
    auto cache = Open({.memory_bytes = 1 << 20, .store = store_});
    ASSERT_THAT(cache, IsOk());
    EXPECT_THAT((*cache)->In("users").Set("a", "1"), IsOk());
  }
  auto cache = Open({.memory_bytes = 1 << 20, .store = store_});
  ASSERT_THAT(cache, IsOk());
  EXPECT_EQ(Get(**cache, "a"), "1");
}

TEST_F(OpenTest, TheStoreHasTheClockOfTheCache) {
  ManualClock clock;
  const CacheOptions on_that_clock = {.background_maintenance = false, .clock = &clock};
  {
    auto cache = Open({.memory_bytes = 1 << 20, .store = store_, .cache = on_that_clock});
    ASSERT_THAT(cache, IsOk());
    EXPECT_THAT((*cache)->In("users").Set("a", "1", {.ttl = absl::Seconds(10)}), IsOk());
  }
  auto cache = Open({.memory_bytes = 1 << 20, .store = store_, .cache = on_that_clock});
  ASSERT_THAT(cache, IsOk());
  clock.Advance(absl::Seconds(9));
  EXPECT_EQ(Get(**cache, "a"), "1");
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(Get(**cache, "a"), "-");
}

TEST_F(OpenTest, TheBudgetsAboveWinOverThoseWithin) {
  auto cache = Open({.memory_bytes = 2 << 20, .cache = {.memory_bytes = 1 << 20}});
  ASSERT_THAT(cache, IsOk());
  EXPECT_EQ((*cache)->stats().memory_limit, 2 << 20);
  cache = Open({.max_entries = 1000, .cache = {.memory_bytes = 1 << 20}});
  ASSERT_THAT(cache, IsOk());
  EXPECT_EQ((*cache)->stats().memory_limit, 1 << 20);
}

TEST_F(OpenTest, AStoreThatCannotBeNamedIsRefused) {
  for (const std::string store : {"sqlite:", "app.db", "sqlite", "SQLITE:x", "postgres://x", ":"}) {
    EXPECT_THAT(Open({.memory_bytes = 1 << 20, .store = store}),
                StatusIs(kInvalidArgument, HasSubstr("store")))
        << store;
  }
  EXPECT_THAT(Open({.memory_bytes = 1 << 20, .store = "sqlite::memory:"}),
              StatusIs(kInvalidArgument, HasSubstr("path")));
}

TEST_F(OpenTest, AStoreByNameAndOneByPointerAreOneTooMany) {
  auto backing = std::make_shared<testing::MemoryBacking>(Clock::System());
  EXPECT_THAT(Open({.memory_bytes = 1 << 20, .store = store_, .cache = {.backing = backing}}),
              StatusIs(kInvalidArgument, HasSubstr("store")));
  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_THAT(Open({.memory_bytes = 1 << 20, .cache = {.backing = backing}}), IsOk());
}

TEST_F(OpenTest, ABadOptionCreatesNoFile) {
  EXPECT_THAT(Open({.store = store_}), StatusIs(kInvalidArgument));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(OpenTest, AServerThatIsDownIsNotInTheWay) {
  auto cache = Open(
      {.memory_bytes = 1 << 20, .store = store_, .redis = "unix://" + folder_.File("nobody.sock")});
  ASSERT_THAT(cache, IsOk());
  const auto set = (*cache)->In("users").Set("a", "1");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->coherence, Coherence::kDeferred);
  EXPECT_EQ(Get(**cache, "a"), "1");
}

TEST_F(OpenTest, TheServerKeepsTheLocksUnlessAnotherKeeperIsGiven) {
  const OpenOptions by_name{.memory_bytes = 1 << 20,
                            .redis = "unix://" + folder_.File("nobody.sock")};
  auto cache = Open(by_name);
  ASSERT_THAT(cache, IsOk());
  EXPECT_THAT((*cache)->Lock("rebuild"), StatusIs(kUnavailable));

  ManualClock clock;
  testing::FakeLeaseServer leases(&clock);
  leases.EndGrace();
  OpenOptions with_keeper = by_name;
  with_keeper.cache.leases = std::make_shared<testing::FakeLeaseKeeper>(&leases);
  cache = Open(with_keeper);
  ASSERT_THAT(cache, IsOk());
  EXPECT_THAT((*cache)->Lock("rebuild"), IsOk());
}

TEST_F(OpenTest, AServerThatCannotBeNamedIsRefusedWithoutASecret) {
  const struct {
    std::string redis;
    absl::StatusCode code;
    const char* named;
  } kCases[] = {
      {"localhost:6379", kInvalidArgument, "scheme"},
      {"redis://:s3cret@host:port", kInvalidArgument, "port"},
      {"redis://me:s3cret@", kInvalidArgument, "host"},
      {"unix://:s3cret@/a.sock?database=1", kInvalidArgument, "query"},
      {"rediss://:s3cret@host", kUnimplemented, "TLS"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.redis);
    const auto cache = Open({.memory_bytes = 1 << 20, .store = store_, .redis = c.redis});
    EXPECT_THAT(cache, StatusIs(c.code, HasSubstr(c.named)));
    EXPECT_THAT(cache, StatusIs(c.code, HasSubstr("OpenOptions.redis")));
    EXPECT_THAT(std::string(cache.status().message()), ::testing::Not(HasSubstr("s3cret")));
  }
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(OpenTest, AServerByNameAndOneByPointerAreOneTooMany) {
  ManualClock clock;
  testing::FakeSharedServer server(&clock, {});
  auto shared = std::make_shared<testing::FakeSharedTier>(&server);
  EXPECT_THAT(Open({.memory_bytes = 1 << 20,
                    .store = store_,
                    .redis = "redis://localhost",
                    .cache = {.shared = shared}}),
              StatusIs(kInvalidArgument, HasSubstr("redis")));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(OpenTest, ErrorsOfTheStoreComeThrough) {
  EXPECT_THAT(Open({.memory_bytes = 1 << 20, .store = "sqlite:" + folder_.File("no/app.db")}),
              StatusIs(kNotFound));
}

}  // namespace
}  // namespace trivet
