// Question: what does a Set cost that overwrites an entry, next to every other cache?
//
// Decision it serves: whether writes may be told to be cheap enough for the path of a request, and
// whether two writers get in each other's way, also on one hot key.
//
// Baseline: a hash map without any cache around it, for one thread.
#include <cstddef>
#include <utility>
#include <vector>

#include "bench/support/operations.h"
#include "bench/support/peers/field.h"
#include "bench/support/session.h"

namespace trivet::bench {
namespace {

void MeasureCase(Session& session, size_t keys, size_t value_bytes,
                 const std::vector<Distribution>& distributions) {
  const PeerOptions options = {.entries = keys, .value_bytes = value_bytes};
  std::vector<Contender> for_one_thread;
  std::vector<Contender> for_all_threads;
  ForEachPeer([&](auto type) {
    using P = typename decltype(type)::type;
    auto peer = OpenFull<P>(session, options);
    if (peer == nullptr) return;
    for_one_thread.push_back(Sets(peer, value_bytes));
    if (P::kThreadSafe) for_all_threads.push_back(Sets(std::move(peer), value_bytes));
  });
  for (const Distribution distribution : distributions) {
    for (const int threads : {1, 2}) {
      session.Measure({.keys = keys,
                       .value_bytes = value_bytes,
                       .distribution = distribution,
                       .gets_percent = 0,
                       .threads = threads},
                      threads == 1 ? for_one_thread : for_all_threads);
    }
  }
}

int Main(int argc, char** argv) {
  Session session("set", "What does a Set cost that overwrites an entry?", argc, argv);
  using enum Distribution;
  MeasureCase(session, 10'000, 100, {kZipf, kOneKey});
  MeasureCase(session, 1'000'000, 100, {kZipf});
  if (session.settings().full) {
    MeasureCase(session, 10'000, 64 << 10, {kZipf});
    MeasureCase(session, 1'000'000, 32, {kZipf, kUniform});
    MeasureCase(session, 1'000'000, 1024, {kZipf});
    MeasureCase(session, 10'000'000, 100, {kZipf});
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
