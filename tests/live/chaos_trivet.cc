#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/check.h"
#include "tests/live/chaos_client.h"
#include "tests/live/chaos_locks.h"
#include "tests/live/chaos_pages.h"
#include "trivet/cache.h"
#include "trivet/redis_lease_keeper.h"
#include "trivet/redis_tier.h"
#include "trivet/sqlite_backing.h"

namespace trivet::testing {
namespace {

// Shorter than a slow loader: its fill is refused then.
constexpr absl::Duration kClaimLife = absl::Milliseconds(250);

template <typename Opened>
auto Must(Opened opened) {
  TRIVET_CHECK(opened.ok(), opened.status().ToString());
  return *std::move(opened);
}

CacheOptions OptionsFor(const ChaosPlace& place) {
  RedisTierOptions redis;
  redis.redis.url = place.redis_url;
  redis.redis.backoff_min = absl::Milliseconds(20);
  redis.redis.backoff_max = absl::Milliseconds(500);
  redis.claim_life = kClaimLife;
  CacheOptions options;
  options.memory_bytes = 16 << 20;
  options.backing = Must(OpenSqlite({.path = place.store_path, .busy_timeout = absl::Seconds(10)}));
  options.shared = Must(OpenRedisTier(redis));
  options.leases = Must(OpenRedisLeaseKeeper({.redis = redis.redis, .lease_max = kChaosLease}));
  options.coherence = {.staleness_max = kChaosStaleness, .relay_max = kChaosRelay};
  return options;
}

class TrivetChaosClient final : public ChaosClient {
 public:
  TrivetChaosClient(const ChaosPlace& place, ChaosBoard* board)
      : board_(*board),
        path_(place.store_path),
        cache_(Must(Cache::Open(OptionsFor(place)))),
        users_(cache_->In("users")),
        pages_(cache_->In("pages", {.use_backing = false})) {}

  absl::StatusOr<ChaosRead> Read(ChaosSpace space, size_t key) override {
    const std::string name = absl::StrCat("k", key);
    if (space == ChaosSpace::kUsers) {
      const auto answer = users_.Get(name);
      if (!answer.ok()) return answer.status();
      return ChaosRead{.version = answer->version, .tier = answer->tier};
    }
    const auto answer = pages_.GetOrLoad(name, [&](Load& load) -> Loaded {
      load.AddTag(absl::StrCat("g", key % kChaosGroups));
      const auto version = PagesOfThread().Read(key);
      if (!version.ok()) return version.status();
      if (board_.loader_trouble == 1) absl::SleepFor(2 * kClaimLife);
      if (board_.loader_trouble == 2) return absl::UnavailableError("this loader fails");
      return absl::StrCat(*version);
    });
    if (!answer.ok()) return answer.status();
    ChaosRead read{.tier = answer->tier};
    TRIVET_CHECK(absl::SimpleAtoi(std::string(answer->bytes()), &read.version),
                 "a page without its version");
    return read;
  }

  absl::StatusOr<ChaosWrite> Write(ChaosSpace space, size_t key,
                                   absl::FunctionRef<void(const ChaosChanges&)> promised) override {
    if (space == ChaosSpace::kPages) return WritePages(key, promised);
    const auto answer = users_.Set(absl::StrCat("k", key), "a value");
    if (!answer.ok()) return answer.status();
    ChaosWrite write{.changes = {{key, answer->version}}, .coherence = answer->coherence};
    promised(write.changes);
    return write;
  }

  void WorkUnderLocks(size_t slot) override { testing::WorkUnderLocks(*cache_, slot, board_); }

 private:
  absl::StatusOr<ChaosWrite> WritePages(size_t key,
                                        absl::FunctionRef<void(const ChaosChanges&)> promised) {
    const bool whole_group = key % 4 == 0;
    const size_t group = key % kChaosGroups;
    auto changes =
        whole_group ? PagesOfThread().ChangeGroup(group, true) : PagesOfThread().Change(key, true);
    if (!changes.ok()) return changes.status();
    promised(*changes);  // there is a row in the log
    ChaosWrite write{.changes = *std::move(changes)};
    const absl::Status status =
        whole_group ? pages_.InvalidateTag(absl::StrCat("g", group), &write.coherence)
                    : pages_.Invalidate(absl::StrCat("k", key), &write.coherence);
    if (!status.ok()) return status;
    return write;
  }

  ChaosPages& PagesOfThread() {
    thread_local std::unique_ptr<ChaosPages> pages;
    if (pages == nullptr) pages = std::make_unique<ChaosPages>(path_);
    return *pages;
  }

  ChaosBoard& board_;
  const std::string path_;
  const std::unique_ptr<Cache> cache_;
  Namespace users_;
  Namespace pages_;
};

}  // namespace

std::unique_ptr<ChaosClient> NewTrivetChaosClient(const ChaosPlace& place, ChaosBoard* board) {
  return std::make_unique<TrivetChaosClient>(place, board);
}

}  // namespace trivet::testing
