// A hash map without any cache around it: the floor.
#ifndef TRIVET_BENCH_SUPPORT_PEERS_ABSL_MAP_H_
#define TRIVET_BENCH_SUPPORT_PEERS_ABSL_MAP_H_

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bench/support/peers/peer.h"

namespace trivet::bench {

class AbslMap {
 public:
  static constexpr std::string_view kName = "absl::flat_hash_map";
  static constexpr bool kThreadSafe = false;
  static constexpr bool kEvicts = false;

  explicit AbslMap(const PeerOptions& options) { map_.reserve(options.entries); }

  bool Get(const Key& key, std::string* out) const {
    const auto found = map_.find(ViewOf(key));
    if (found == map_.end()) return false;
    *out = found->second;
    return true;
  }

  void Set(const Key& key, std::string_view value) {
    map_[ViewOf(key)].assign(value.data(), value.size());
  }

 private:
  // A package of Abseil may have a string_view of its own.
  static absl::string_view ViewOf(const Key& key) {
    return absl::string_view(key.bytes.data(), kKeyBytes);
  }

  absl::flat_hash_map<std::string, std::string> map_;
};

static_assert(Peer<AbslMap>);

}  // namespace trivet::bench

#endif  // TRIVET_BENCH_SUPPORT_PEERS_ABSL_MAP_H_
