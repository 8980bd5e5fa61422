// A redis-server for one run of the demo, which nobody else can reach.
#ifndef TRIVET_BINDINGS_CLI_PRIVATE_REDIS_H_
#define TRIVET_BINDINGS_CLI_PRIVATE_REDIS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bindings/cli/child_process.h"

namespace trivet::cli {

// Listens on a unix socket in a folder of the caller's, and on no port. Keeps nothing on disk: each
// start is that of another, empty server.
//
// Thread-safety: one thread at a time.
class PrivateRedis {
 public:
  // Does not start it. NotFound: there is no redis-server on the PATH.
  static absl::StatusOr<PrivateRedis> In(const std::string& folder);

  std::string url() const { return "unix://" + socket_; }

  // Waits until it answers. Unavailable: it ended instead, or is too old.
  absl::Status Start();
  // Without a chance to say goodbye.
  void Kill() { process_.reset(); }

 private:
  PrivateRedis(std::string program, std::string folder)
      : program_(std::move(program)),
        folder_(std::move(folder)),
        socket_(folder_ + "/redis.sock") {}

  std::string program_;
  std::string folder_;
  std::string socket_;
  std::optional<ChildProcess> process_;
};

}  // namespace trivet::cli

#endif  // TRIVET_BINDINGS_CLI_PRIVATE_REDIS_H_
