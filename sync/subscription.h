// Messages that a Redis server publishes, as they come.
#ifndef TRIVET_SYNC_SUBSCRIPTION_H_
#define TRIVET_SYNC_SUBSCRIPTION_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/handshake.h"
#include "sync/redis_link.h"
#include "sync/redis_url.h"
#include "sync/reply.h"
#include "sync/socket.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {

// A connection of its own that listens to some channels, with a thread that tells a listener. What
// the server publishes while the connection is lost is lost, too: the listener is told of both
// ends of such a gap.
//
// The server is asked for a sign of life whenever it has said nothing for a while, so that a dead
// peer is found within twice `silence_max`.
//
// Thread-safety: the destructor may run on any thread but the subscription's own.
class Subscription {
 public:
  // Called on the subscription's thread, one call at a time; what takes long delays the messages
  // behind it, until the server's output limit cuts the connection.
  class Listener {
   public:
    virtual ~Listener() = default;

    // All channels are acknowledged: every message published from now on comes, until OnLost. Some
    // that were published just before may have come already.
    virtual void OnSubscribed(const ServerInfo& server) = 0;

    // Views are valid during the call.
    virtual void OnMessage(std::string_view channel, std::string_view payload) = 0;

    // The connection is gone or could not be made; another one is being tried. Called once after
    // each OnSubscribed, and once more for each attempt that fails.
    virtual void OnLost(const absl::Status& why) = 0;
  };

  struct Options {
    RedisOptions redis = {};
    std::vector<std::string> channels = {};  // at least one
    // After so long without a word the server is asked for one, and given up after as long again.
    // More than zero.
    absl::Duration silence_max = absl::Milliseconds(500);
  };

  // Begins to connect and goes on until destroyed. `listener` must outlive the subscription.
  // InvalidArgument or Unimplemented for options it cannot work with.
  static absl::StatusOr<std::unique_ptr<Subscription>> Start(const Options& options,
                                                             Listener& listener);

  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  // Waits for the listener's call that is running. None comes afterwards.
  ~Subscription();

 private:
  Subscription(const RedisUrl& url, const Options& options, Listener& listener);

  void Run();
  absl::Status Reach();
  absl::Status Listen();
  absl::Status SendAll(std::string_view bytes);
  absl::Status Take(const Reply& reply);

  const Options options_;
  const Clock& clock_;
  Listener& listener_;
  const Doorbell stop_bell_;
  std::atomic<bool> stopped_{false};

  // Of the thread.
  RedisLink link_;
  size_t acknowledged_ = 0;  // channels

  std::thread thread_;  // last: uses all the others
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_SUBSCRIPTION_H_
