// The way to one server: finds it, connects, logs in, and reads what it says; again after a loss.
#ifndef TRIVET_SYNC_REDIS_LINK_H_
#define TRIVET_SYNC_REDIS_LINK_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/backoff.h"
#include "sync/handshake.h"
#include "sync/redis_dial.h"
#include "sync/redis_url.h"
#include "sync/reply.h"
#include "sync/reply_stream.h"
#include "sync/sentinel_query.h"
#include "sync/sentinels.h"
#include "sync/socket.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {

// States and what moves them, all within Reach():
//
//   resting ──the pause is over──► dialing ──the server lets us in──► ready
//      ▲                              │ any failure                     │
//      └────────pause: Backoff────────┴──────────◄────────Close()───────┘
//
// Where the URL names sentinels, each attempt begins by asking them; see Sentinels:
//
//   resting ──► asking ──an address──► dialing ──a primary lets us in──► ready
//                 ▲ │ no answer           │ any failure
//                 └─┴─────the next one────┘
//
// An attempt goes on from where it was left when Reach() was called last, so that callers with
// short deadlines reach together what none of them could alone.
//
// Thread-safety: one thread at a time; while that one reads, another may send to socket().
class RedisLink {
 public:
  RedisLink(const RedisUrl& url, const RedisOptions& options, const Clock& clock);
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  // Returns when the link is ready, when `until` (of Clock::Elapsed) has passed, or with the error
  // that ended the attempt: kUnreachable, kNotLoggedIn, kTooOld, kLoading, kUnknownMaster, ...
  // During the pause that follows it returns the same error at once. Nothing of it executed a
  // command of the caller.
  absl::Status Reach(absl::Duration until);

  bool ready() const { return stream_.has_value(); }

  // When the pause after the last failure is over; in the past if there is none.
  absl::Duration resting_until() const { return resting_until_; }

  // REQUIRES for all below: ready().

  const std::shared_ptr<const Socket>& socket() const { return stream_->socket(); }
  const ServerInfo& server() const { return handshake_.server(); }

  // Adds the replies that have arrived; does not wait. An error means that the connection is of no
  // use any more: Close() it. Replies added before the error are good.
  absl::Status Receive(std::vector<Reply>& replies);

  // Lets the connection go. The socket closes when nobody holds it any more. The next attempt may
  // begin at once if this connection was of any use.
  void Close();

 private:
  absl::Status Dial(absl::Duration until);
  absl::Status AskNext();
  absl::Status TakeAnswer(const absl::Status& status);
  absl::Status TakeServer(const absl::Status& status);
  void Rest();

  const RedisUrl url_;
  const RedisOptions options_;
  const Clock& clock_;
  Backoff backoff_;
  Handshake handshake_;
  std::optional<SentinelQuery> query_;  // where there are sentinels
  Sentinels sentinels_;

  absl::Duration resting_until_ = -absl::InfiniteDuration();
  absl::Status failure_;  // of the last attempt

  // One of them, or none: then the link rests.
  std::unique_ptr<RedisDial> dial_;
  std::optional<ReplyStream> stream_;
  bool asking_ = false;  // whom we dial: a sentinel
  bool served_ = false;  // has answered since it let us in
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_LINK_H_
