// Question: what does a key of an MGet of 64 cost, when all of them are hits?
//
// Decision it serves: whether MGet is worth its own path in memory, or whether callers may as well
// loop over FindInto. Times per operation are per key; latencies are per batch.
//
// Baselines: single finds in a hash map without any cache around it, and in RocksDB's
// HyperClockCache, which has no batches for hits in memory.
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/operations.h"
#include "bench/support/peers/field.h"
#include "bench/support/session.h"
#include "trivet/cache.h"

namespace trivet::bench {
namespace {

constexpr size_t kBatch = 64;

Contender FindBatches(std::shared_ptr<TrivetPeer> peer) {
  const auto run = [peer = std::move(peer)](Turn& turn) {
    std::array<std::string_view, kBatch> batch;
    std::array<Namespace::FoundValue, kBatch> values;
    turn.Run([&](const Key& first) {
      batch[0] = first.view();
      for (size_t i = 1; i < kBatch; ++i) batch[i] = turn.Next().view();
      const size_t found = peer->view().MFindInto(batch, values);
      for (const Namespace::FoundValue& value : values) TouchLast(value.bytes);
      return found == kBatch ? Outcome::kHit : Outcome::kMiss;
    });
  };
  return {.name = "trivet MFindInto(64)", .run = run, .items = kBatch};
}

Contender Batches(std::shared_ptr<TrivetPeer> peer) {
  const auto run = [peer = std::move(peer)](Turn& turn) {
    std::array<std::string_view, kBatch> batch;
    turn.Run([&](const Key& first) {
      batch[0] = first.view();
      for (size_t i = 1; i < kBatch; ++i) batch[i] = turn.Next().view();
      size_t found = 0;
      for (const absl::StatusOr<Result>& result : peer->view().MGet(batch)) {
        if (!result.ok() || !*result) continue;
        ++found;
        TouchLast(result->bytes());
      }
      return found == kBatch ? Outcome::kHit : Outcome::kMiss;
    });
  };
  return {.name = "trivet MGet(64)", .run = run, .items = kBatch};
}

void MeasureCase(Session& session, size_t keys) {
  const PeerOptions options = {.entries = keys, .value_bytes = 100};
  std::vector<Contender> contenders;
  if (auto trivet = OpenFull<TrivetPeer>(session, options)) {
    contenders.push_back(FindBatches(trivet));
    contenders.push_back(Batches(trivet));
    contenders.push_back(Gets(std::move(trivet), "trivet FindInto"));
  }
  if (auto map = OpenFull<AbslMap>(session, options)) contenders.push_back(Gets(std::move(map)));
#ifdef TRIVET_BENCH_ROCKSDB
  if (auto clock = OpenFull<RocksDbHyperClock>(session, options)) {
    contenders.push_back(Gets(std::move(clock)));
  }
#endif
  for (const int threads : {1, 2}) {
    session.Measure({.keys = keys, .value_bytes = 100, .threads = threads}, contenders);
  }
}

int Main(int argc, char** argv) {
  Session session("mget", "What does a key of an MGet of 64 cost?", argc, argv);
  MeasureCase(session, 10'000'000);
  if (session.settings().full) {
    MeasureCase(session, 10'000);
    MeasureCase(session, 1'000'000);
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
