// The steps of the protocol that Redis takes as one.
#ifndef TRIVET_SYNC_TIER_SCRIPTS_H_
#define TRIVET_SYNC_TIER_SCRIPTS_H_

#include "sync/script.h"

namespace trivet::sync {

// KEYS[1] is the hash of a part; KEYS[2] and so on are names of keys. ARGV[1] is the generation
// that the caller believes in: with another one nothing is done, and the reply is nil. Else it is
// [won, sequence], as in SharedAnswer.
//
// Those that publish take ARGV[2] the channel, ARGV[3] and ARGV[4] the two halves of the message.
// Tokens, versions and slots are bytes as in slot_codec.h, lives are milliseconds (0: for ever),
// sequences decimal, tags fields of the hash.
struct TierScripts {
  Script& claim_over;       // token, token to replace, life
  Script& store;            // state to replace, its token, birth, life, value, tags...
  Script& begin_write;      // publishes: token, life
  Script& end_write;        // publishes: token, version, life of a tomb; then, if there is a value,
                            // birth, life, value, tags...
  Script& invalidate;       // publishes: life of a tomb, version of each key
  Script& invalidate_tags;  // publishes: how many stamps to keep, tags...
  Script& pattern;          // publishes
  Script& clear;            // publishes: new generation
  // These two do not ask for the generation.
  Script&
      fence;  // publishes: (ARGV[1]) the proposed generation. Replies [generation, sequence, run]
  Script& state;  // replies [generation, sequence]
};

// The same ones always, so that their digests are learnt once.
const TierScripts& Scripts();

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_TIER_SCRIPTS_H_
