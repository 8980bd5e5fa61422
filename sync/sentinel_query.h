// The question to a sentinel where the primary is.
#ifndef TRIVET_SYNC_SENTINEL_QUERY_H_
#define TRIVET_SYNC_SENTINEL_QUERY_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "sync/command.h"
#include "sync/opening.h"
#include "sync/redis_url.h"
#include "sync/reply.h"

namespace trivet::sync {

// Logs in, where the URL says how, and asks.
//
// Thread-safety: one thread at a time.
class SentinelQuery final : public Opening {
 public:
  // REQUIRES: url.is_sentinel().
  explicit SentinelQuery(const RedisUrl& url);

  void Restart() override;
  const std::string& bytes() const override { return commands_.bytes(); }
  // kUnknownMaster, kNotLoggedIn, kProtocol, and what a sentinel may refuse besides.
  absl::Status Take(const Reply& reply) override;
  bool done() const override { return primary_.has_value(); }

  // REQUIRES: done().
  const ServerPlace& primary() const { return *primary_; }

 private:
  const std::string master_;
  Commands commands_;
  size_t answered_ = 0;
  std::optional<ServerPlace> primary_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_SENTINEL_QUERY_H_
