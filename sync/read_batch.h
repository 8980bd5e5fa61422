// Reads keys of one part, and claims those where nothing is.
#ifndef TRIVET_SYNC_READ_BATCH_H_
#define TRIVET_SYNC_READ_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/command.h"
#include "sync/redis_client.h"
#include "sync/redis_names.h"
#include "sync/reply.h"
#include "trivet/shared_tier.h"

namespace trivet::sync {

// SharedTier::Read in up to three round trips:
//
//   1. generation and sequence, and then for each key SET NX GET, which places a claim where
//   nothing
//      is and says what is there, and PTTL; native commands, which cost the server a quarter of
//      what a script would. The sequence comes first: it is the birth of what a claim will bring.
//   2. where the server had no memory for a claim: GET and PTTL.
//   3. the stamps of all tags of the values, after the values: a value that nothing ended by now
//   was
//      good when it was read. Values with a tag stamped since their birth are dead.
//
// Of one call: make, Run, drop.
class ReadBatch {
 public:
  // What the arguments refer to must outlive the batch. `claim_life` in milliseconds.
  // REQUIRES: requests is not empty.
  ReadBatch(RedisClient& client, const SharedPart& part, std::span<const SharedRequest> requests,
            const std::string& claim_life, absl::Duration deadline);

  absl::StatusOr<SharedReading> Run();

 private:
  absl::Status Ask();
  absl::Status AskWithoutClaims();
  absl::Status AskForStamps();

  // In one go; sets current to false if another server answered than the one of the handshake.
  absl::StatusOr<std::vector<Reply>> Send(const Commands& commands);
  absl::Status AddLook(size_t index, bool claims, Commands& commands) const;
  absl::Status Take(size_t index, bool claims, const Reply& content, const Reply& remaining);
  void CheckGeneration(const Reply& reply);

  RedisClient& client_;
  const SharedPart& part_;
  const std::span<const SharedRequest> requests_;
  const std::string& claim_life_;
  const absl::Duration deadline_;
  const RedisNames names_;

  SharedReading reading_;
  std::vector<size_t> without_memory_;  // requests whose claim was refused
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_READ_BATCH_H_
