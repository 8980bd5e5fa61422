// What processes are told of each other's changes; part of the seam trivet/shared_tier.h.
#ifndef TRIVET_SHARED_MESSAGES_H_
#define TRIVET_SHARED_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace trivet {

// One change.
struct SharedRecord {
  enum class Kind : uint8_t {
    kWriting = 1,  // a write of `name` begins; counts as newer than any version
    kKey = 2,      // the truth of the key `name` changed; `version` as far as it is known
    kTag = 3,      // what has the tag `name` is over
    kPattern = 4,  // what matches `name` is over
    kClear = 5,    // all is over; `version` is the generation that ended
    kFence = 6,    // the part has a new generation, for it had none or is on another server
  };
  Kind kind = Kind::kKey;
  uint64_t version = 0;
  uint64_t token = 0;  // of the write that says so; 0: of none
  std::string name = {};

  friend bool operator==(const SharedRecord&, const SharedRecord&) = default;
};

// Changes that were made in one step. They are numbered without a gap: sequence, sequence + 1, ...
struct SharedMessage {
  uint64_t origin = 0;  // SharedTier::origin() of the sender. For statistics and own writes only
  uint64_t generation = 0;  // of the part, after the changes
  uint64_t sequence = 0;    // of the first record
  std::vector<SharedRecord> records = {};

  friend bool operator==(const SharedMessage&, const SharedMessage&) = default;
};

// Called on a thread of the tier, one call at a time. What takes long delays the messages behind
// it, those for other listeners too, and in the end loses them. `part` is an index into what was
// given to Subscribe.
//
//   OnListening ──► OnMessage, OnUnreadable, ... ──► OnLost ──► OnListening ──► ...
class SharedListener {
 public:
  virtual ~SharedListener() = default;

  // All that is published from now on comes, until OnLost. Messages published just before may have
  // come already. The time for a handshake: what was missed, the sequence tells.
  virtual void OnListening() = 0;

  virtual void OnMessage(size_t part, SharedMessage message) = 0;

  // Something was published that cannot be read: changes were lost.
  virtual void OnUnreadable(size_t part) = 0;

  // Messages are being lost. Once after each OnListening, and again for each vain attempt to
  // listen.
  virtual void OnLost(const absl::Status& why) = 0;
};

// Ends with its destructor, which waits for a listener's call that is running; none comes
// afterwards. Calls of other listeners are not waited for. REQUIRES: the destructor does not run in
// such a call of its own listener.
class SharedSubscription {
 public:
  virtual ~SharedSubscription() = default;
};

}  // namespace trivet

#endif  // TRIVET_SHARED_MESSAGES_H_
