// Takes away the keys of a part that match a pattern.
#ifndef TRIVET_SYNC_PATTERN_SWEEP_H_
#define TRIVET_SYNC_PATTERN_SWEEP_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/glob.h"
#include "sync/redis_client.h"
#include "sync/redis_names.h"
#include "trivet/shared_tier.h"

namespace trivet::sync {

// Walks through the names of the server, some at a time, and unlinks what matches. What is there
// during the whole walk is met, as SCAN promises. The server looks at the pattern where it is sure
// to read it as we do (see engine/glob.h), so that few names travel.
//
// Of one call: make, Run, drop.
class PatternSweep {
 public:
  // All must outlive the sweep. `glob` is `pattern`.
  PatternSweep(RedisClient& client, const SharedPart& part, std::string_view pattern,
               const engine::Glob& glob);

  // False: another server answered than the one of the handshake. Names of another generation are
  // not met, which is no harm: nobody reads them.
  absl::StatusOr<bool> Run(absl::Duration deadline);

 private:
  RedisClient& client_;
  const SharedPart& part_;
  const engine::Glob& glob_;
  const RedisNames names_;
  const std::string match_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_PATTERN_SWEEP_H_
