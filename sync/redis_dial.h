// One attempt to reach one place: finds it, connects, and says what is to be said first.
#ifndef TRIVET_SYNC_REDIS_DIAL_H_
#define TRIVET_SYNC_REDIS_DIAL_H_

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/host_lookup.h"
#include "sync/opening.h"
#include "sync/redis_url.h"
#include "sync/reply_stream.h"
#include "sync/socket.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {

//   lookup ──► connecting ──► greeting ──the opening is done──► done
//                  ▲ any failure, if the host has another address │
//                  └───────────────────────◄──────────────────────┘
//
// Thread-safety: one thread at a time.
class RedisDial {
 public:
  // `options`, `clock` and `opening` must outlive the dial.
  RedisDial(const ServerPlace& place, const RedisOptions& options, const Clock& clock,
            Opening& opening);

  // Goes on from where it was left. Returns when it is done, when `until` (of Clock::Elapsed) has
  // passed, or with the error that ended the attempt.
  absl::Status Advance(absl::Duration until);

  bool done() const { return state_ == State::kDone; }
  const ServerPlace& place() const { return place_; }

  // REQUIRES: done(). Once.
  ReplyStream TakeStream() { return *std::move(stream_); }

 private:
  enum class State { kNew, kLookup, kConnecting, kGreeting, kDone };

  // Each moves on by one state, or leaves it as it is when `until` has passed.
  absl::Status Step(absl::Duration until);
  absl::Status Begin();
  absl::Status LookUp(absl::Duration until);
  absl::Status ConnectToNext();
  absl::Status Connect(absl::Duration until);
  absl::Status Greet(absl::Duration until);

  absl::Status Unanswered() const;

  const ServerPlace place_;
  const RedisOptions& options_;
  const Clock& clock_;
  Opening& opening_;

  State state_ = State::kNew;
  std::optional<HostLookup> lookup_;
  SocketAddresses addresses_;  // not tried yet; the next one is the last
  absl::Duration attempt_deadline_;
  std::shared_ptr<const Socket> socket_;
  std::optional<ReplyStream> stream_;
  size_t greeted_bytes_ = 0;  // of the opening, sent
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_DIAL_H_
