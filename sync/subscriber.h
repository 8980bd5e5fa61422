// Messages that a Redis server publishes, as they come.
#ifndef TRIVET_SYNC_SUBSCRIBER_H_
#define TRIVET_SYNC_SUBSCRIBER_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "sync/audience.h"
#include "sync/backoff.h"
#include "sync/redis_link.h"
#include "sync/redis_url.h"
#include "sync/reply.h"
#include "sync/socket.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {

class Subscriber;

// Ends with its destructor, which waits for its listener's call that is running; none comes
// afterwards. REQUIRES: the destructor does not run in such a call; it may in that of another
// listener.
class Subscription {
 public:
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription();

 private:
  friend class Subscriber;
  Subscription(Subscriber& subscriber, std::shared_ptr<Seat> seat)
      : subscriber_(subscriber), seat_(std::move(seat)) {}

  Subscriber& subscriber_;
  const std::shared_ptr<Seat> seat_;
};

// One connection that listens for any number of listeners, with a thread that tells them. Both are
// there while somebody listens; the thread stays until the end, asleep. What the server publishes
// while the connection is lost is lost, too: listeners are told of both ends of such a gap.
//
// Who comes while the connection stands is subscribed on it, and nobody else notices. Where the
// server refuses one listener's channels, that one alone is told, and asked for again after a
// pause.
//
// The server is asked for a sign of life whenever it has said nothing for a while, so that a dead
// peer is found within twice `silence_max`.
//
// A listener that takes long delays all messages behind its own, until the server's output limit
// cuts the connection.
//
// Thread-safety: all methods may be called from any thread, those of listeners included.
class Subscriber {
 public:
  struct Options {
    RedisOptions redis = {};
    // After so long without a word the server is asked for one, and given up after as long again.
    // More than zero.
    absl::Duration silence_max = absl::Milliseconds(500);
  };

  // InvalidArgument or Unimplemented for options it cannot work with. Does not connect yet.
  static absl::StatusOr<std::unique_ptr<Subscriber>> Open(const Options& options);

  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  // REQUIRES: all subscriptions have ended. Not in a listener's call.
  ~Subscriber();

  // Tells `listener`, which must outlive the subscription, of what is published in these channels.
  // Does not wait. InvalidArgument without channels.
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(std::vector<std::string> channels,
                                                          ChannelListener& listener);

 private:
  friend class Subscription;

  // What the server has not answered to; it answers in order.
  struct Request {
    enum class Kind { kSubscribe, kUnsubscribe, kPing };
    Kind kind;
    std::shared_ptr<Seat> seat = nullptr;  // of kSubscribe
    size_t awaited = 1;                    // answers still to come
  };

  Subscriber(const RedisUrl& url, const Options& options);

  // All below: of the thread.
  void Run();
  bool Wanted() const { return !stopped_ && !audience_.empty(); }
  absl::Status Reach();
  absl::Status Listen();
  absl::Status Receive();

  void BeginAnew();
  void TakeNews();
  void AskFor(std::shared_ptr<Seat> seat);
  void AskForRefused();
  void Say(std::vector<std::string_view> words, Request request);
  absl::Status Send();

  absl::Status Take(const Reply& reply);
  absl::Status TakeError(const absl::Status& error);
  bool TakeAnswer(Request::Kind kind, std::string_view channel);
  void Lose(Seat& seat, const absl::Status& why);

  const Options options_;
  const Clock& clock_;
  const Doorbell bell_;  // somebody came or left, or it is time to stop
  std::atomic<bool> stopped_{false};
  Audience audience_;

  // Of the thread.
  RedisLink link_;
  std::string output_;  // to be sent
  std::deque<Request> requests_;
  absl::Duration heard_at_;
  std::optional<absl::Duration> asked_at_;  // for a sign of life
  std::vector<std::shared_ptr<Seat>> refused_;
  Backoff refusals_;
  absl::Duration ask_again_at_;  // for those

  engine::Mutex start_mutex_;
  std::thread thread_ TRIVET_GUARDED_BY(start_mutex_);  // from the first subscription on
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_SUBSCRIBER_H_
