// Question: what does get-or-fill cost, and how often does it hit, with room for a tenth of the
// keys?
//
// Decision it serves: which cache, and which policy, is cheaper to run in front of a source of
// truth. The fill itself is free, so that the figures are the caches' own; what a slower source
// adds to a miss is for the reader to put in.
//
// Contenders get, and on a miss set. GetOrLoad does the same with one flight per key.
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/support/peers/field.h"
#include "bench/support/require.h"
#include "bench/support/session.h"
#include "trivet/cache.h"

namespace trivet::bench {
namespace {

template <Peer P>
Outcome GetOrFill(P& peer, const Key& key, const std::string& value, std::string* out) {
  if (peer.Get(key, out)) {
    TouchLast(*out);
    return Outcome::kHit;
  }
  AddTo(peer, key, value);
  return Outcome::kMiss;
}

// A peer that has seen the whole sequence once.
template <Peer P>
std::shared_ptr<P> OpenWarm(const PeerOptions& options, const KeySequence& keys) {
  auto peer = std::make_shared<P>(options);
  const std::string value(options.value_bytes, 'v');
  std::string out;
  KeySequence::Walk walk(keys, 0);
  for (size_t i = 0; i < keys.draws(); ++i) GetOrFill(*peer, walk.Next(), value, &out);
  return peer;
}

template <Peer P>
Contender Fills(std::shared_ptr<P> peer, size_t value_bytes) {
  return {std::string(P::kName), [peer = std::move(peer), value_bytes](Turn& turn) {
            const std::string value(value_bytes, 'v');
            std::string out;
            turn.Run([&](const Key& key) { return GetOrFill(*peer, key, value, &out); });
          }};
}

Contender Loads(std::shared_ptr<TrivetPeer> peer, size_t value_bytes) {
  return {"trivet GetOrLoad", [peer = std::move(peer), value_bytes](Turn& turn) {
            const std::string value(value_bytes, 'v');
            const auto load = [&](Load&) -> Loaded { return value; };
            turn.Run([&](const Key& key) {
              const absl::StatusOr<Result> result = peer->view().GetOrLoad(key.view(), load);
              Require(result.status());
              TouchLast(result->bytes());
              return result->tier == Tier::kMemory ? Outcome::kHit : Outcome::kMiss;
            });
          }};
}

void MeasureCase(Session& session, size_t keys, size_t value_bytes, Distribution distribution) {
  const KeySequence& sequence =
      SequenceOf({.keys = keys, .value_bytes = value_bytes, .distribution = distribution});
  const PeerOptions options = {.entries = keys / 10,
                               .value_bytes = value_bytes,
                               .evicts = true,
                               .policy = session.settings().policy};
  std::vector<Contender> contenders;
  ForEachPeer([&](auto type) {
    using P = typename decltype(type)::type;
    if (!P::kEvicts || !session.Wants(P::kName) || !HasMemoryFor(P::kName, options)) return;
    contenders.push_back(Fills(OpenWarm<P>(options, sequence), value_bytes));
  });
  if (session.Wants("trivet")) {
    contenders.push_back(Loads(OpenWarm<TrivetPeer>(options, sequence), value_bytes));
  }
  for (const int threads : {1, 2}) {
    session.Measure({.keys = keys,
                     .value_bytes = value_bytes,
                     .distribution = distribution,
                     .threads = threads},
                    contenders);
  }
}

int Main(int argc, char** argv) {
  Session session("fill", "What does get-or-fill cost with room for a tenth of the keys?", argc,
                  argv);
  using enum Distribution;
  MeasureCase(session, 1'000'000, 100, kZipf);
  if (session.settings().full) {
    MeasureCase(session, 100'000, 64 << 10, kZipf);
    MeasureCase(session, 1'000'000, 100, kUniform);
    MeasureCase(session, 1'000'000, 1024, kZipf);
    MeasureCase(session, 10'000'000, 100, kZipf);
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
