// Question: what do reads and writes cost with an SQLite file behind the cache?
//
// Decision it serves: how much of a read from SQLite is left when trivet, with room for a tenth of
// the rows, stands in front of it; and how much a writer pays for that, and for a row in the change
// log.
//
// Baseline: SQLite alone, by the same statements. Each write is a transaction of its own.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/peers/trivet_peer.h"
#include "bench/support/require.h"
#include "bench/support/session.h"
#include "bindings/cli/temporary_folder.h"
#include "trivet/backing.h"
#include "trivet/cache.h"
#include "trivet/sqlite_backing.h"

namespace trivet::bench {
namespace {

constexpr size_t kKeys = 100'000;
constexpr size_t kValueBytes = 100;
constexpr std::string_view kNamespace = "bench";

// An SQLite file with all keys, and a cache in front of it. The file goes with this object.
class StoredCache {
 public:
  StoredCache(cli::TemporaryFolder folder, const std::string& policy) : folder_(std::move(folder)) {
    auto backing = OpenSqlite({.path = folder_.path() + "/bench.db"});
    Require(backing.status());
    backing_ = *std::move(backing);
    FillStore();
    CacheOptions options = TrivetPeer::OptionsFor(
        {.entries = kKeys / 10, .value_bytes = kValueBytes, .evicts = true, .policy = policy});
    options.backing = backing_;
    cache_ = TrivetPeer::OpenCache(std::move(options));
  }

  Backing& backing() { return *backing_; }
  Namespace view() { return cache_->In(kNamespace); }

 private:
  void FillStore() {
    const std::string value(kValueBytes, 'v');
    std::vector<Key> keys;
    for (size_t i = 0; i < kKeys; ++i) keys.push_back(KeyOf(i));
    std::vector<StoreWrite> writes;
    for (const Key& key : keys) writes.push_back({.key = key.view(), .value = value});
    Require(backing_->Write(kNamespace, writes).status());
  }

  cli::TemporaryFolder folder_;
  std::shared_ptr<Backing> backing_;
  std::unique_ptr<Cache> cache_;
};

using Stored = std::shared_ptr<StoredCache>;

Contender GetThrough(Stored stored) {
  return {"trivet over SQLite", [stored = std::move(stored)](Turn& turn) {
            Namespace view = stored->view();
            turn.Run([&](const Key& key) {
              const absl::StatusOr<Result> result = view.Get(key.view());
              Require(result.status());
              TouchLast(result->bytes());
              return result->tier == Tier::kMemory ? Outcome::kHit : Outcome::kMiss;
            });
          }};
}

Contender ReadAlone(Stored stored) {
  return {"SQLite alone", [stored = std::move(stored)](Turn& turn) {
            turn.Run([&](const Key& key) {
              const auto row = stored->backing().Read(kNamespace, key.view());
              Require(row.status());
              TouchLast((*row)->value);
              return Outcome::kMiss;  // in memory
            });
          }};
}

Contender SetThrough(Stored stored) {
  return {"trivet over SQLite", [stored = std::move(stored)](Turn& turn) {
            Namespace view = stored->view();
            const std::string value(kValueBytes, 'w');
            turn.Run([&](const Key& key) {
              Require(view.Set(key.view(), value).status());
              return Outcome::kSet;
            });
          }};
}

Contender WriteAlone(Stored stored) {
  return {"SQLite alone", [stored = std::move(stored)](Turn& turn) {
            const std::string value(kValueBytes, 'w');
            turn.Run([&](const Key& key) {
              const StoreWrite write = {.key = key.view(), .value = value};
              Require(stored->backing().Write(kNamespace, std::span(&write, 1)).status());
              return Outcome::kSet;
            });
          }};
}

// With a row in the change log, and a teller that takes the rows away in batches.
Contender WriteLogged(Stored stored) {
  return {"SQLite alone, logged", [stored = std::move(stored)](Turn& turn) {
            constexpr size_t kTrimmedAtOnce = 100;
            Backing& backing = stored->backing();
            const std::string value(kValueBytes, 'w');
            std::mt19937_64 random(std::random_device{}());
            std::vector<uint64_t> tickets;
            turn.Run([&](const Key& key) {
              tickets.push_back(random() >> 2 | 1);
              const StoreWrite write = {.key = key.view(), .value = value};
              Require(backing.Write(kNamespace, std::span(&write, 1), tickets.back()).status());
              if (tickets.size() < kTrimmedAtOnce) return Outcome::kSet;
              Require(backing.TrimChangeLog(tickets));
              tickets.clear();
              return Outcome::kSet;
            });
            Require(backing.TrimChangeLog(tickets));
          }};
}

int Main(int argc, char** argv) {
  Session session("store", "What do reads and writes cost with an SQLite file behind?", argc, argv);
  auto folder = cli::TemporaryFolder::Create();
  Require(folder.status());
  const auto stored = std::make_shared<StoredCache>(*std::move(folder), session.settings().policy);
  std::vector<Contender> readers = {GetThrough(stored), ReadAlone(stored)};
  std::vector<Contender> writers = {SetThrough(stored), WriteAlone(stored), WriteLogged(stored)};
  for (const int threads : {1, 2}) {
    session.Measure({.keys = kKeys, .value_bytes = kValueBytes, .threads = threads}, readers);
  }
  for (const int threads : {1, 2}) {
    session.Measure(
        {.keys = kKeys, .value_bytes = kValueBytes, .gets_percent = 0, .threads = threads},
        writers);
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
