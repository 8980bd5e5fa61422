// Question: what does a hit cost, by each of the ways to read, next to every other cache?
//
// Decision it serves: whether FindInto, Visit, Find and Get may each be told to users as
// "nanoseconds", and which of them the documentation should lead with. Everything fits in memory.
//
// Baselines: an empty loop, whose scaling with threads nobody can beat; a hash map without any
// cache around it, which may be read by several threads as long as nobody writes.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bench/support/operations.h"
#include "bench/support/peers/field.h"
#include "bench/support/session.h"
#include "trivet/cache.h"

namespace trivet::bench {
namespace {

using Contenders = std::vector<Contender>;

// `read(view, key)` returns a byte of the value, or nothing on a miss.
template <typename Read>
Contender Way(std::string_view name, std::shared_ptr<TrivetPeer> peer, Read read) {
  return {std::string(name), [peer = std::move(peer), read](Turn& turn) {
            turn.Run([&](const Key& key) {
              const std::optional<char> byte = read(peer->view(), key.view());
              Touch(byte);
              return byte.has_value() ? Outcome::kHit : Outcome::kMiss;
            });
          }};
}

// Without a copy of the value; for them absl's map is no peer.
void AddWaysOfTrivet(const std::shared_ptr<TrivetPeer>& peer, Contenders& contenders) {
  using Byte = std::optional<char>;
  contenders.push_back(Way("trivet Visit", peer, [](Namespace& view, std::string_view key) {
    Byte byte;
    view.Visit(key, [&](std::string_view bytes) { byte = bytes.back(); });
    return byte;
  }));
  contenders.push_back(Way("trivet Find", peer, [](Namespace& view, std::string_view key) {
    const Value value = view.Find(key);
    return value ? Byte(value.bytes().back()) : std::nullopt;
  }));
  contenders.push_back(Way("trivet Get", peer, [](Namespace& view, std::string_view key) {
    const absl::StatusOr<Result> result = view.Get(key);
    return result.ok() && *result ? Byte(result->bytes().back()) : std::nullopt;
  }));
  contenders.push_back(Way("trivet GetOrLoad", peer, [](Namespace& view, std::string_view key) {
    const auto never = [](Load&) -> Loaded { return std::nullopt; };
    const absl::StatusOr<Result> result = view.GetOrLoad(key, never);
    return result.ok() && *result ? Byte(result->bytes().back()) : std::nullopt;
  }));
}

Contender EmptyLoop() {
  return {"empty loop", [](Turn& turn) {
            turn.Run([](const Key& key) {
              Touch(key.bytes.front());
              return Outcome::kHit;
            });
          }};
}

// What is read, and in which of the ways.
struct Case {
  size_t keys;
  size_t value_bytes;
  std::vector<Distribution> distributions;
  bool all_ways = false;
};

void MeasureCase(Session& session, const Case& what) {
  const PeerOptions options = {.entries = what.keys, .value_bytes = what.value_bytes};
  Contenders contenders;
  if (auto trivet = OpenFull<TrivetPeer>(session, options)) {
    contenders.push_back(Gets(trivet));
    if (what.all_ways) AddWaysOfTrivet(trivet, contenders);
  }
  if (what.all_ways && session.Wants("trivet")) {
    PeerOptions chosen = options;
    chosen.policy = session.settings().policy;
    auto expiring = std::make_shared<TrivetPeer>(chosen, NamespaceOptions{.ttl = absl::Hours(1)});
    Fill(*expiring, chosen);
    contenders.push_back(Gets(std::move(expiring), "trivet, with TTL"));
  }
  ForEachOther([&](auto type) {
    using P = typename decltype(type)::type;
    if (auto peer = OpenFull<P>(session, options)) contenders.push_back(Gets(std::move(peer)));
  });
  if (what.all_ways) contenders.push_back(EmptyLoop());
  for (const Distribution distribution : what.distributions) {
    for (const int threads : {1, 2}) {
      session.Measure({.keys = what.keys,
                       .value_bytes = what.value_bytes,
                       .distribution = distribution,
                       .threads = threads},
                      contenders);
    }
  }
}

int Main(int argc, char** argv) {
  Session session("hit", "What does a hit cost, by each of the ways to read?", argc, argv);
  using enum Distribution;
  MeasureCase(session, {10'000, 100, {kZipf, kOneKey}, true});
  MeasureCase(session, {1'000'000, 100, {kZipf, kUniform}, true});
  MeasureCase(session, {1'000'000, 32, {kZipf}});
  MeasureCase(session, {1'000'000, 1024, {kZipf}});
  if (session.settings().full) {
    MeasureCase(session, {10'000, 100, {kUniform}});
    MeasureCase(session, {10'000, 64 << 10, {kZipf}});
    MeasureCase(session, {10'000'000, 100, {kZipf, kUniform}});
  }
  return session.Finish();
}

}  // namespace
}  // namespace trivet::bench

int main(int argc, char** argv) { return trivet::bench::Main(argc, argv); }
