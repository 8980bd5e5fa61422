// The example of docs/locks.md, compiled and run.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/temp_folder.h"
#include "tests/support/doc_excerpt.h"
#include "tests/sync/redis_lease_rig.h"
#include "trivet/lock.h"
#include "trivet/open.h"

namespace trivet {
namespace {

// clang-format off
// [locks]
// With `redis`, locks are kept there; CacheOptions::leases takes a keeper with other settings.
absl::StatusOr<std::unique_ptr<trivet::Cache>> OpenWithLocks(const std::string& redis_url, const std::string& file) {
  return trivet::Open({.memory_bytes = 64 << 20, .store = "sqlite:" + file, .redis = redis_url});
}

// One process at a time rebuilds the reports; others give up after a second.
absl::Status Rebuild(trivet::Namespace reports, const std::vector<std::string>& keys) {
  absl::StatusOr<trivet::Lock> lock = reports.Lock("rebuild", {.wait = absl::Seconds(1)});
  if (!lock.ok()) return lock.status();
  for (const std::string& key : keys) {
    // Saves useless work. It does not make the write below safe: the fence does.
    if (lock->state() != trivet::LockState::kHeld) break;
    absl::StatusOr<trivet::SetResult> set = reports.Set(key, "report of " + key, {.fence = lock->fence()});
    if (!set.ok()) return set.status();  // IsFencedOut(set.status()): another process is at it by now
  }
  return lock->Release();  // Aborted: it was lost on the way
}
// [/locks]
// clang-format on

TEST(LocksExample, Works) {
  testing::RedisLeaseRig rig;
  const testing::TempFolder folder;
  auto cache = OpenWithLocks(rig.server().UnixUrl(), folder.File("app.db"));
  ASSERT_TRUE(cache.ok()) << cache.status();
  Namespace reports = (*cache)->In("reports");
  EXPECT_TRUE(absl::IsUnavailable(Rebuild(reports, {"a"})));  // the server is new
  rig.Age(absl::Seconds(30));
  EXPECT_TRUE(Rebuild(reports, {"a", "b"}).ok());
  EXPECT_EQ(reports.Get("b")->bytes(), "report of b");
}

TEST(LocksExample, IsThatOfTheDocs) {
  EXPECT_EQ(testing::ExcerptOf("tests/sync/locks_example_test.cc", "locks"),
            testing::CodeOf("docs/locks.md"));
}

}  // namespace
}  // namespace trivet
