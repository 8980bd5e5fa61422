// What is said on a new connection before it is of use.
#ifndef TRIVET_SYNC_OPENING_H_
#define TRIVET_SYNC_OPENING_H_

#include <string>

#include "absl/status/status.h"
#include "sync/reply.h"

namespace trivet::sync {

// Some commands in one go, and what to make of the answers. No socket, no time.
class Opening {
 public:
  virtual ~Opening() = default;

  // As on a connection where nothing was said yet.
  virtual void Restart() = 0;

  virtual const std::string& bytes() const = 0;

  // The next answer. An error ends the conversation. REQUIRES: not done().
  virtual absl::Status Take(const Reply& reply) = 0;

  virtual bool done() const = 0;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_OPENING_H_
