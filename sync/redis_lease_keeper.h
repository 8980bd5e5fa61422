// LeaseKeeper over a RedisClient.
#ifndef TRIVET_SYNC_REDIS_LEASE_KEEPER_H_
#define TRIVET_SYNC_REDIS_LEASE_KEEPER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/redis_client.h"
#include "sync/reply.h"
#include "sync/script_words.h"
#include "trivet/lease_keeper.h"
#include "trivet/redis_lease_keeper.h"

namespace trivet::sync {

// All names of locks begin with <prefix>tv1:{locks}: and so live in one slot; names of a namespace
// have a number behind the brace (redis_names.h).
//
//   m          a hash: see lease_scripts.cc
//   c<database>  the channel; messages are names of locks
//   l:<name>   the lease
//   f:<name>   the newest fencing token
//
// Keeps no state: who the server is, and whether it must not grant yet, is decided by the server in
// the very step that grants, so that nothing depends on what a client believes of it.
class RedisLeaseKeeper final : public LeaseKeeper {
 public:
  // `options` are valid.
  RedisLeaseKeeper(const RedisLeaseKeeperOptions& options, std::unique_ptr<RedisClient> client);

  absl::Duration lease_max() const override { return options_.lease_max; }
  absl::StatusOr<LeaseAnswer> Acquire(std::string_view name, const LeaseOwner& owner,
                                      absl::Duration lease, absl::Duration deadline) override;
  absl::StatusOr<bool> Renew(std::string_view name, const LeaseOwner& owner, absl::Duration lease,
                             absl::Duration deadline) override;
  absl::StatusOr<bool> Release(std::string_view name, const LeaseOwner& owner,
                               absl::Duration deadline) override;
  absl::StatusOr<std::unique_ptr<LeaseWatch>> Watch(LeaseListener& listener) override;

 private:
  std::string Name(std::string_view what, std::string_view name = {}) const;
  absl::StatusOr<Reply> Run(const ScriptWords& words, absl::Duration deadline);
  absl::StatusOr<bool> RunYesOrNo(const ScriptWords& words, absl::Duration deadline);

  const RedisLeaseKeeperOptions options_;
  const std::unique_ptr<RedisClient> client_;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_LEASE_KEEPER_H_
