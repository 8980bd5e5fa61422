// From the name of a host to its addresses, within a deadline.
#ifndef TRIVET_SYNC_HOST_LOOKUP_H_
#define TRIVET_SYNC_HOST_LOOKUP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/socket.h"
#include "trivet/clock.h"

namespace trivet::sync {

using SocketAddresses = std::vector<SocketAddress>;

// The system's resolver blocks for as long as it likes and cannot be stopped. So it runs on a
// thread of its own, which nobody waits for: one that is not needed any more ends when the resolver
// does. Addresses in numbers need neither.
//
// Thread-safety: one thread at a time.
class HostLookup {
 public:
  // Begins to look `host` up, for TCP on `port`.
  HostLookup(const std::string& host, uint16_t port);

  // False if `deadline` (of Clock::Elapsed) passed first; may be called again.
  bool AwaitUntil(const Clock& clock, absl::Duration deadline);

  // At least one address, in the order of the system's preference; or kUnreachable.
  // REQUIRES: AwaitUntil returned true.
  absl::StatusOr<SocketAddresses> Result() const;

 private:
  struct Shared;

  std::shared_ptr<Shared> shared_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_HOST_LOOKUP_H_
