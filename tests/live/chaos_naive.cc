#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/check.h"
#include "sync/redis_client.h"
#include "tests/live/chaos_client.h"
#include "tests/live/chaos_pages.h"

namespace trivet::testing {
namespace {

constexpr absl::Duration kTimeout = absl::Milliseconds(250);

// Both spaces are the same table to it.
class NaiveChaosClient final : public ChaosClient {
 public:
  explicit NaiveChaosClient(const ChaosPlace& place) : path_(place.store_path) {
    auto client = sync::RedisClient::Open({.url = place.redis_url});
    TRIVET_CHECK(client.ok(), client.status().ToString());
    client_ = *std::move(client);
  }

  absl::StatusOr<ChaosRead> Read(ChaosSpace, size_t key) override {
    const std::string name = absl::StrCat("naive:k", key);
    const auto cached = client_->Call({"GET", name}, client_->In(kTimeout));
    ChaosRead read{.version = 0, .tier = Tier::kShared};
    if (cached.ok() && absl::SimpleAtoi(cached->text, &read.version)) return read;
    const auto version = PagesOfThread().Read(key);
    if (!version.ok()) return version.status();
    client_->Call({"SET", name, absl::StrCat(*version), "EX", "3600"}, client_->In(kTimeout))
        .IgnoreError();
    return ChaosRead{.version = *version, .tier = Tier::kStore};
  }

  absl::StatusOr<ChaosWrite> Write(ChaosSpace, size_t key,
                                   absl::FunctionRef<void(const ChaosChanges&)> promised) override {
    auto changes = PagesOfThread().Change(key, false);
    if (!changes.ok()) return changes.status();
    client_->Call({"DEL", absl::StrCat("naive:k", key)}, client_->In(kTimeout)).IgnoreError();
    promised(*changes);
    return ChaosWrite{.changes = *std::move(changes), .coherence = Coherence::kApplied};
  }

  void WorkUnderLocks(size_t) override {}

 private:
  ChaosPages& PagesOfThread() {
    thread_local std::unique_ptr<ChaosPages> pages;
    if (pages == nullptr) pages = std::make_unique<ChaosPages>(path_);
    return *pages;
  }

  const std::string path_;
  std::unique_ptr<sync::RedisClient> client_;
};

}  // namespace

std::unique_ptr<ChaosClient> NewNaiveChaosClient(const ChaosPlace& place, ChaosBoard*) {
  return std::make_unique<NaiveChaosClient>(place);
}

}  // namespace trivet::testing
