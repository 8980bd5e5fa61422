// What stands at a key in Redis, as bytes.
#ifndef TRIVET_SYNC_SLOT_CODEC_H_
#define TRIVET_SYNC_SLOT_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "trivet/shared_tier.h"

namespace trivet::sync {

// Numbers have the lowest byte first. All begins with a *mark*, which is all that scripts read and
// write; a claim, a mark of a write and a tomb are nothing else:
//
//   0   "tV"          2 bytes
//   2   format        1        kSlotFormat
//   3   state         1        SlotState
//   4   flags         1        1: dirtied, 2: negative
//   5   zeros         3
//   8   token         8        where it always is, so that even a broken slot can be replaced
//   16  version       8        of a value; else the newest one known
//
// A value goes on with
//
//   24  birth         8
//   32  ttl           8        milliseconds; 0: for ever
//   40  tag bytes     4
//   44  value bytes   4
//   48  check         8        XXH3, 64 bits, of all other bytes
//   56  tags                   each a length byte, 1 to 255, and its bytes; sorted, distinct
//       value                  up to the end
//
// Another format gets another prefix of the names of keys (redis_names.h), so that two never meet.
enum class SlotState : uint8_t { kValue = 1, kClaim = 2, kTomb = 3, kWriting = 4 };

inline constexpr uint8_t kSlotFormat = 1;
inline constexpr size_t kMarkBytes = 24;
inline constexpr size_t kValueHeaderBytes = 56;

// Decoded; the views point into what was decoded.
struct Slot {
  SlotState state = SlotState::kTomb;
  bool dirtied = false;  // of a mark: a change of unknown version came in between
  bool negative = false;
  uint64_t token = 0;
  uint64_t version = 0;
  uint64_t birth = 0;
  absl::Duration ttl = absl::InfiniteDuration();
  std::vector<std::string> tags = {};
  std::string_view value = {};

  friend bool operator==(const Slot&, const Slot&) = default;
};

// A claim, as a client places it.
std::string EncodeClaim(uint64_t token);

// REQUIRES: as SharedTier does of a SharedWrite. Tags are sorted and made distinct.
std::string EncodeValue(uint64_t token, const SharedWrite& write);

// nullopt: these are not bytes that were written like that. Costs a hash of the value.
std::optional<Slot> DecodeSlot(std::string_view bytes);

// The token, whatever else may be wrong; 0 if there is none.
uint64_t TokenOf(std::string_view bytes);

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_SLOT_CODEC_H_
