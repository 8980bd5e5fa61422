// The steps of a lease that Redis takes as one.
#ifndef TRIVET_SYNC_LEASE_SCRIPTS_H_
#define TRIVET_SYNC_LEASE_SCRIPTS_H_

#include "sync/script.h"

namespace trivet::sync {

// KEYS[1] is the lease, ARGV[1] the owner: 16 bytes. Durations are whole milliseconds.
struct LeaseScripts {
  // KEYS[2] the counter of fencing tokens, KEYS[3] the hash of all locks; ARGV[2] the lease,
  // ARGV[3] the longest lease, ARGV[4] the life of the counter, ARGV[5] '1' to trust a server that
  // knows nothing. Replies ['acquired', token], ['busy', remaining] or ['grace', remaining].
  Script& acquire;
  Script& renew;    // ARGV[2] the lease. Replies 1 or 0
  Script& release;  // ARGV[2] the channel, ARGV[3] the name to publish there. Replies 1 or 0
};

// The same ones always, so that their digests are learnt once.
const LeaseScripts& ScriptsOfLeases();

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_LEASE_SCRIPTS_H_
