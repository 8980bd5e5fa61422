// The way to one server: finds it, connects, logs in, and reads what it says; again after a loss.
#ifndef TRIVET_SYNC_REDIS_LINK_H_
#define TRIVET_SYNC_REDIS_LINK_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/backoff.h"
#include "sync/handshake.h"
#include "sync/host_lookup.h"
#include "sync/redis_url.h"
#include "sync/reply.h"
#include "sync/resp_reader.h"
#include "sync/socket.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {

// States and what moves them, all within Reach():
//
//   resting ──the pause is over──► lookup ──► connecting ──► greeting ──the server lets us in──►
//   ready
//      ▲                             │ any failure │             │ (the next address, if any) │
//      └──────pause:
//      Backoff─────────┴─────────────┴─────────────┘◄───────────Close()──────────────┘
//
// An attempt goes on from where it was left when Reach() was called last, so that callers with
// short deadlines reach together what none of them could alone.
//
// Thread-safety: one thread at a time; while that one reads, another may send to socket().
class RedisLink {
 public:
  RedisLink(RedisUrl url, const RedisOptions& options, const Clock& clock);

  // Returns when the link is ready, when `until` (of Clock::Elapsed) has passed, or with the error
  // that ended the attempt: kUnreachable, kNotLoggedIn, kTooOld, kLoading, ... During the pause
  // that follows it returns the same error at once. Nothing of it executed a command of the caller.
  absl::Status Reach(absl::Duration until);

  bool ready() const { return state_ == State::kReady; }

  // When the pause after the last failure is over; in the past if there is none.
  absl::Duration resting_until() const { return resting_until_; }

  // REQUIRES for all below: ready().

  const std::shared_ptr<const Socket>& socket() const { return socket_; }
  const ServerInfo& server() const { return handshake_->server(); }

  // Adds the replies that have arrived; does not wait. An error means that the connection is of no
  // use any more: Close() it. Replies added before the error are good.
  absl::Status Receive(std::vector<Reply>& replies);

  // Lets the connection go. The socket closes when nobody holds it any more. The next attempt may
  // begin at once if this connection was of any use.
  void Close();

 private:
  enum class State { kResting, kLookup, kConnecting, kGreeting, kReady };

  // Each moves on by one state, or leaves it as it is when `until` has passed.
  absl::Status Begin();
  absl::Status LookUp(absl::Duration until);
  absl::Status ConnectToNext();
  absl::Status Connect(absl::Duration until);
  absl::Status Greet(absl::Duration until);

  absl::Status Unanswered() const;
  void Rest();

  const RedisUrl url_;
  const RedisOptions options_;
  const Clock& clock_;
  Backoff backoff_;

  State state_ = State::kResting;
  absl::Duration resting_until_ = -absl::InfiniteDuration();
  absl::Status failure_;  // of the last attempt

  std::optional<HostLookup> lookup_;
  SocketAddresses addresses_;  // not tried yet; the next one is the last
  absl::Duration attempt_deadline_;
  std::shared_ptr<const Socket> socket_;
  std::optional<RespReader> reader_;
  std::optional<Handshake> handshake_;
  size_t greeted_bytes_ = 0;  // of the handshake, sent
  bool served_ = false;       // has answered since it let us in
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_LINK_H_
