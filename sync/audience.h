// Who listens to which channels.
#ifndef TRIVET_SYNC_AUDIENCE_H_
#define TRIVET_SYNC_AUDIENCE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "engine/mutex.h"
#include "sync/handshake.h"

namespace trivet::sync {

// Called on the thread of a Subscriber, one call at a time:
//
//   OnSubscribed ──► OnMessage, ... ──► OnLost ──► OnSubscribed ──► ...
class ChannelListener {
 public:
  virtual ~ChannelListener() = default;

  // All channels are acknowledged: every message published from now on comes, until OnLost.
  virtual void OnSubscribed(const ServerInfo& server) = 0;

  // Views are valid during the call.
  virtual void OnMessage(std::string_view channel, std::string_view payload) = 0;

  // The connection is gone or could not be made, or the server refuses the channels; another
  // attempt follows. Called once after each OnSubscribed, and once more for each vain attempt.
  virtual void OnLost(const absl::Status& why) = 0;
};

// A listener and what it listens to.
struct Seat {
  Seat(std::vector<std::string> to, ChannelListener& who)
      : channels(std::move(to)), listener(who) {}

  const std::vector<std::string> channels;
  ChannelListener& listener;  // not to be called once `left`

  bool listening = false;  // between OnSubscribed and OnLost; of the thread that tells
  bool left = false;       // guarded by the mutex of the audience
};

// Listeners come and go on any thread while one thread, the teller, calls them. No lock is held
// during a call, so that a listener may let others come and go.
class Audience {
 public:
  // --- Any thread -------------------------------------------------------------------------------

  void Enter(std::shared_ptr<Seat> seat);

  // Returns when no call of this listener is running, and none begins afterwards; calls of others
  // are not waited for. REQUIRES: it entered, and does not leave in such a call.
  void Leave(Seat& seat);

  bool empty() const;
  bool Has(const Seat& seat) const;

  // --- The teller -------------------------------------------------------------------------------

  // What happened since it was taken last, by either of the two.
  struct News {
    std::vector<std::shared_ptr<Seat>> entered;
    std::vector<std::string> deserted;  // channels that nobody wants any more
  };
  News TakeNews();
  std::vector<std::shared_ptr<Seat>> TakeAll();  // whoever is there, in order of coming

  std::vector<std::shared_ptr<Seat>> ListenersOf(std::string_view channel) const;

  // Calls the listener, unless it has left.
  void Tell(Seat& seat, absl::FunctionRef<void(ChannelListener&)> call);

 private:
  mutable engine::Mutex mutex_;
  engine::CondVar returned_;  // a call
  const Seat* called_ TRIVET_GUARDED_BY(mutex_) = nullptr;
  std::vector<std::shared_ptr<Seat>> seats_ TRIVET_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<std::shared_ptr<Seat>>, std::less<>> by_channel_
      TRIVET_GUARDED_BY(mutex_);
  News news_ TRIVET_GUARDED_BY(mutex_);
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_AUDIENCE_H_
