// The seam between the cache and the server that all processes share.
#ifndef TRIVET_SHARED_TIER_H_
#define TRIVET_SHARED_TIER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "trivet/shared_messages.h"

namespace trivet {

// Where a command goes, and what its sender believes of that place since its last handshake.
struct SharedPart {
  std::string_view space = {};  // the namespace
  uint32_t part = 0;            // of it: less than SharedTier::parts()
  uint64_t generation = 0;
  uint64_t server = 0;
};

// How a part stands. A sequence number belongs to its generation; other servers may have others.
struct PartState {
  uint64_t generation = 0;  // 0: the server knows nothing of the part
  uint64_t sequence = 0;    // of the newest change
  uint64_t server = 0;      // who says so; another number for each run of each server

  friend bool operator==(const PartState&, const PartState&) = default;
};

// A value to be stored. The views are valid during the call.
struct SharedWrite {
  std::string_view value = {};
  bool negative = false;  // the truth was asked and has nothing; `value` is empty
  uint64_t version = 0;   // of the truth; 0: it has none
  std::span<const std::string> tags = {};
  uint64_t birth = 0;  // the sequence of the part before the truth was read or written
  absl::Duration ttl = absl::InfiniteDuration();  // from now
};

// A value as it was read.
struct SharedValue {
  std::string value = {};
  bool negative = false;
  uint64_t version = 0;
  std::vector<std::string> tags = {};  // sorted, each once
  uint64_t birth = 0;
  absl::Duration ttl = absl::InfiniteDuration();        // that it was given
  absl::Duration remaining = absl::InfiniteDuration();  // of it; at most `ttl`

  friend bool operator==(const SharedValue&, const SharedValue&) = default;
};

struct SharedRequest {
  std::string_view key = {};
  uint64_t token = 0;  // of the claim to be placed where nothing is; 0: do not claim
};

// What is at a key.
struct SharedFound {
  enum class State {
    kAbsent,   // nothing, and no claim was placed: it was not asked for, or there is no memory
    kClaimed,  // nothing was, and now the caller's claim is
    kClaim,    // somebody else's claim: a value may come soon
    kWriting,  // somebody's mark: the truth is changing
    kDead,     // a value that a tag ended, the remains of a value, or bytes that are none of ours;
               // may be claimed over
    kValue,
  };
  State state = State::kAbsent;
  uint64_t token = 0;      // names exactly this content; of kClaimed the caller's own
  SharedValue value = {};  // of kValue

  friend bool operator==(const SharedFound&, const SharedFound&) = default;
};

struct SharedReading {
  bool current = true;             // see SharedAnswer
  uint64_t sequence = 0;           // before any of the keys was looked at
  std::vector<SharedFound> found;  // one for each request, in order; none unless `current`
};

// What became of a command.
struct SharedAnswer {
  // False: the part has another generation by now, or another server answered than the one of the
  // handshake. What was done concerns nobody: shake hands, then say it again.
  bool current = true;
  // Whether the claim or the mark was placed, the value stored.
  bool won = false;
  // Of a change: its own number, of several that of the last one. Of ClaimOver: the newest, and so
  // the birth of what the claim will bring. Else 0.
  uint64_t sequence = 0;

  friend bool operator==(const SharedAnswer&, const SharedAnswer&) = default;
};

// A key whose truth changed.
struct SharedChange {
  std::string_view key = {};
  uint64_t version = 0;  // that it has now; 0: not known
};

// A claim with `token` instead of exactly the content `instead_of`, or of nothing.
struct SharedClaim {
  std::string_view key = {};
  uint64_t token = 0;
  uint64_t instead_of = 0;
};

// A value for the claim `token`.
struct SharedFill {
  std::string_view key = {};
  uint64_t token = 0;
  SharedWrite write = {};
};

// A server that holds values for all processes and tells each of what the others changed. It is a
// cache, not the truth: it may forget anything at any time, and come back as it was some time ago.
// Implementations: trivet/redis_tier.h, and an in-memory fake in the tests. All of them pass
// tests/contract/shared_tier_contract.h. What the commands are for is told in docs/protocol.md.
//
// A namespace is spread over parts(). Each part has a *generation*, a random number that is lost
// together with all the rest, and a *sequence*, the number of its newest change. Each key holds at
// most one of
//
//   a value    with version, tags, birth and the rest of its TTL
//   a claim    the right of one load to fill the key
//   a mark     of a write that has not ended yet
//   a tomb     what remains of a value that is over: the newest version known
//
// each with a *token* that names exactly this content. Claims, marks and tombs expire by
// themselves. Each change takes the next sequence number and publishes a message with it, in one
// atomic step; nothing else publishes.
//
// Tokens, generations and versions are chosen by the caller. Tokens and generations are random
// numbers other than 0, never used before. Sequences stay below 2^53.
//
// REQUIRES, of all methods: keys of 1 to kKeyBytesMax bytes, namespaces and tags of 1 to
// kNameBytesMax bytes, patterns of at most kPatternBytesMax bytes, at most kTagsPerEntryMax tags of
// a value, ttl > 0, and a key is named together with its own part. Callers check.
//
// Errors. A status that is not OK means that the tier is of no use now: the caller goes on without,
// and what it wanted to tell is not told. kUnavailable, kDeadlineExceeded, kResourceExhausted (no
// memory left there; what only invalidates still works), kUnauthenticated, kPermissionDenied,
// kFailedPrecondition (the server is too old, or something else uses its keys), kInternal. The
// command may have been executed all the same, now or later.
//
// `deadline` is a value of Clock::Elapsed(); calls end by it.
//
// Thread-safety: all methods may be called from any thread at any time. Cost: a round trip, unless
// another one is said.
class SharedTier {
 public:
  virtual ~SharedTier() = default;

  // Of each namespace; constant, at least 1. All processes must agree.
  virtual uint32_t parts() const = 0;
  // Where a key lives; the same in all processes. Costs a hash.
  virtual uint32_t PartOf(std::string_view key) const = 0;
  // What messages of this object have in SharedMessage::origin.
  virtual uint64_t origin() const = 0;

  // --- How a part stands -------------------------------------------------------------------------

  // The handshake. Gives the part the proposed generation if it has none, or if its server is not
  // the one that was there when it got its last one; of several callers the first one decides.
  // Returns what holds then. `part` need not be right about generation and server. A new generation
  // is a change: it makes all that the part held unreachable.
  virtual absl::StatusOr<PartState> Fence(const SharedPart& part, uint64_t proposed_generation,
                                          absl::Duration deadline) = 0;

  // One answer for each part, in order; that of a part whose keys are refused is its error. Fails
  // as a whole where the tier does not answer, and with the first error where every part is
  // refused. A part is also refused where a change would be, as by a replica: what such a server
  // says proves nothing. Generation and server in `parts` are not looked at.
  virtual absl::StatusOr<std::vector<absl::StatusOr<PartState>>> ReadStates(
      std::span<const SharedPart> parts, absl::Duration deadline) = 0;

  // --- Loads -------------------------------------------------------------------------------------

  // Looks at keys of one part, and claims those where nothing is. Each key is looked at and claimed
  // in one atomic step; all of them together are not. Where there is no memory for claims the keys
  // are looked at only. Values are believable: no tag of theirs was invalidated since their birth.
  // Cost: a round trip; two if there are tags to ask for or if there was no memory.
  virtual absl::StatusOr<SharedReading> Read(const SharedPart& part,
                                             std::span<const SharedRequest> requests,
                                             absl::Duration deadline) = 0;

  // Claims keys of one part that are not free. The newest version known there is kept. Each is
  // claimed in one atomic step; all of them together are not. One answer for each, in order.
  virtual absl::StatusOr<std::vector<SharedAnswer>> ClaimOverMany(
      const SharedPart& part, std::span<const SharedClaim> claims, absl::Duration deadline) = 0;
  // The same of one.
  absl::StatusOr<SharedAnswer> ClaimOver(const SharedPart& part, std::string_view key,
                                         uint64_t token, uint64_t instead_of,
                                         absl::Duration deadline) {
    const SharedClaim claim{.key = key, .token = token, .instead_of = instead_of};
    auto answers = ClaimOverMany(part, {&claim, 1}, deadline);
    if (!answers.ok()) return answers.status();
    return answers->front();
  }

  // Values of keys of one part, each instead of exactly its claim. One is refused, and its claim
  // taken away, if a tag of the value was invalidated since its birth. Each is stored in one atomic
  // step; all of them together are not. One answer for each, in order.
  virtual absl::StatusOr<std::vector<SharedAnswer>> FillMany(const SharedPart& part,
                                                             std::span<const SharedFill> fills,
                                                             absl::Duration deadline) = 0;
  // The same of one.
  absl::StatusOr<SharedAnswer> Fill(const SharedPart& part, std::string_view key, uint64_t token,
                                    const SharedWrite& write, absl::Duration deadline) {
    const SharedFill fill{.key = key, .token = token, .write = write};
    auto answers = FillMany(part, {&fill, 1}, deadline);
    if (!answers.ok()) return answers.status();
    return answers->front();
  }

  // A refresh: a value with `token` instead of exactly the value `instead_of`. Else as Fill.
  virtual absl::StatusOr<SharedAnswer> Renew(const SharedPart& part, std::string_view key,
                                             uint64_t token, uint64_t instead_of,
                                             const SharedWrite& write, absl::Duration deadline) = 0;

  // --- Changes -----------------------------------------------------------------------------------

  // A mark with `token` instead of whatever there is; the newest version known there is kept. The
  // sequence in the answer is the birth of what the write will bring.
  virtual absl::StatusOr<SharedAnswer> BeginWrite(const SharedPart& part, std::string_view key,
                                                  uint64_t token, absl::Duration deadline) = 0;

  // The truth of the key is `version` (0: not known) by now, and `write` if it is there. The first
  // that applies:
  //   the own mark, no newer version and no unknown one reported since, no tag stamped
  //                          becomes the value: `won`
  //   another's mark         stays, knows the version, or that there is one nobody knows
  //   a value, not older     stays
  //   anything else          becomes a tomb with `token`
  // REQUIRES: write->version == version.
  virtual absl::StatusOr<SharedAnswer> EndWrite(const SharedPart& part, std::string_view key,
                                                uint64_t token, uint64_t version,
                                                const std::optional<SharedWrite>& write,
                                                absl::Duration deadline) = 0;

  // EndWrite without a mark and without a value, of many keys of one part. Not atomic as a whole:
  // after an error, or where `current` is false, some may have been told. Repeating does no harm.
  virtual absl::StatusOr<SharedAnswer> InvalidateKeys(const SharedPart& part,
                                                      std::span<const SharedChange> changes,
                                                      absl::Duration deadline) = 0;

  // Ends all values with one of these tags that were born before. Atomicity as above. Costs nothing
  // per value. The stamps of tags not invalidated for long may be merged into one.
  virtual absl::StatusOr<SharedAnswer> InvalidateTags(const SharedPart& part,
                                                      std::span<const std::string_view> tags,
                                                      absl::Duration deadline) = 0;

  // Takes away whatever is at keys that match (see engine/glob.h), key by key, and then publishes
  // one message. What comes to such a key meanwhile may stay. Costs a look at each key of the
  // server, in steps between which others are served: Clear is the cheap way.
  virtual absl::StatusOr<SharedAnswer> InvalidatePattern(const SharedPart& part,
                                                         std::string_view pattern,
                                                         absl::Duration deadline) = 0;

  // Makes all that the part holds unreachable by giving it another generation. Costs nothing per
  // key.
  virtual absl::StatusOr<SharedAnswer> Clear(const SharedPart& part, uint64_t new_generation,
                                             absl::Duration deadline) = 0;

  // --- Messages ----------------------------------------------------------------------------------

  // Tells `listener`, which must outlive the subscription, of what is published in these parts, at
  // least one; generation and server in them are not looked at. Begins to connect and goes on until
  // the subscription is destroyed, which must happen before the tier is. The first one of a tier
  // costs a connection and a thread, which all others share: a listener that takes long delays the
  // messages of all. InvalidArgument without parts.
  virtual absl::StatusOr<std::unique_ptr<SharedSubscription>> Subscribe(
      std::span<const SharedPart> parts, SharedListener& listener) = 0;
};

}  // namespace trivet

#endif  // TRIVET_SHARED_TIER_H_
