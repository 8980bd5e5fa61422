// Question: what do gets cost while others set, and how long is their tail?
//
// Decision it serves: whether a program with writers may still rely on the latency of its reads.
// The same gets without sets are in the same report: their tail is what writers are measured
// against.
#include <cstddef>
#include <utility>
#include <vector>

#include "bench/support/operations.h"
#include "bench/support/peers/field.h"
#include "bench/support/session.h"

namespace trivet::bench {
namespace {

void MeasureCase(Session& session, size_t keys, size_t value_bytes, Distribution distribution) {
  const PeerOptions options = {.entries = keys, .value_bytes = value_bytes};
  std::vector<Contender> for_one_thread;
  std::vector<Contender> for_all_threads;
  ForEachPeer([&](auto type) {
    using P = typename decltype(type)::type;
    auto peer = OpenFull<P>(session, options);
    if (peer == nullptr) return;
    for_one_thread.push_back(GetsAndSets(peer, value_bytes));
    if (P::kThreadSafe) for_all_threads.push_back(GetsAndSets(std::move(peer), value_bytes));
  });
  for (const int gets_percent : {100, 95, 50}) {
    for (const int threads : {1, 2}) {
      session.Measure({.keys = keys,
                       .value_bytes = value_bytes,
                       .distribution = distribution,
                       .gets_percent = gets_percent,
                       .threads = threads},
                      threads == 1 ? for_one_thread : for_all_threads);
    }
  }
}

int Main(int argc, char** argv) {
  Session session("mix", "What do gets cost while others set?", argc, argv);
  using enum Distribution;
  MeasureCase(session, 1'000'000, 100, kZipf);
  if (session.settings().full) {
    MeasureCase(session, 10'000, 100, kZipf);
    MeasureCase(session, 10'000, 64 << 10, kZipf);
    MeasureCase(session, 1'000'000, 32, kZipf);
    MeasureCase(session, 1'000'000, 1024, kUniform);
    MeasureCase(session, 10'000'000, 100, kZipf);
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
