// One connection that carries the requests of many threads.
#ifndef TRIVET_SYNC_REDIS_CONNECTION_H_
#define TRIVET_SYNC_REDIS_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/mutex.h"
#include "sync/command.h"
#include "sync/handshake.h"
#include "sync/redis_link.h"
#include "sync/redis_url.h"
#include "sync/reply.h"
#include "sync/socket.h"
#include "trivet/clock.h"
#include "trivet/redis_options.h"

namespace trivet::sync {

// Requests are pipelined: those of threads that come together leave in one send, and replies are
// matched to them in order. There is no thread of its own; of the threads that wait for replies one
// *drives*: it connects, reads for all, and passes that duty on when its own reply is in. See
// docs/decisions/0010-the-waiting-thread-drives.md.
//
// Each request is at one place at a time:
//
//   pending ──written──► in flight ──all its replies came──► finished
//      │                    │ its thread gave up: the slot stays, without a request, to swallow
//      └──gave up──► gone   │ what comes for it; the connection closes if that takes too long
//
// Where sentinels name the server, one that answers READONLY is left for the one they name then.
//
// A thread that waits holds no lock. It waits at most until its deadline, whatever the server does.
// Thread-safety: all methods may be called from any thread at any time.
class RedisConnection {
 public:
  // Connects when first called. `options` are valid.
  RedisConnection(const RedisUrl& url, const RedisOptions& options);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  // REQUIRES: nobody is in Call.
  ~RedisConnection() = default;

  // One reply to each command, in order; error replies among them. Errors:
  //   kTimeout       `deadline` (of Clock::Elapsed) passed
  //   kDisconnected  the connection was lost while the request was on its way
  //   kProtocol      the server sent what is no reply, or too large a one
  //   kUnreachable, kNotLoggedIn, kTooOld, kLoading, ...: no connection can be had now
  //   kOverloaded    65 536 requests are on their way
  // MaybeExecuted tells whether the request had reached the system's socket by then.
  //
  // Commands that change the state of the connection (SELECT, MULTI, SUBSCRIBE, WAIT, blocking
  // ones) have no place here: others use it, too.
  //
  // `server`, unless null, is told the ServerNumber of who answered: never that of another one.
  //
  // Cost: half a switch of threads and a share of a send and a receive; see docs/benchmarks.md.
  absl::StatusOr<std::vector<Reply>> Call(const Commands& commands, absl::Duration deadline,
                                          uint64_t* server = nullptr);

  // The server of the newest connection.
  ServerInfo server() const;
  // How many connections were made: the server may be another one than before when it grows.
  uint64_t connects() const;

 private:
  struct Request;
  struct Slot {
    Request* request = nullptr;  // null: nobody waits any more
    size_t awaited = 0;          // replies still to come
    uint64_t begins = 0;         // the number of its first byte on this connection
    absl::Duration abandoned_at = absl::InfiniteDuration();
  };
  // Who is to be woken once the mutex is given back.
  struct Wakeups {
    std::vector<Request*> finished;
    Request* next_driver = nullptr;
  };

  // Those that release the mutex while they wait or do I/O say so.
  void Drive(Request& self, Wakeups& wakeups) TRIVET_REQUIRES(mutex_);                // releases
  void Turn(const Request& self, Wakeups& wakeups) TRIVET_REQUIRES(mutex_);           // releases
  void Reach(absl::Duration until, Wakeups& wakeups) TRIVET_REQUIRES(mutex_);         // releases
  void ReceiveUntil(absl::Duration until, Wakeups& wakeups) TRIVET_REQUIRES(mutex_);  // releases
  absl::Status Deliver(Wakeups& wakeups) TRIVET_REQUIRES(mutex_);
  void Disconnect(const absl::Status& why, Wakeups& wakeups) TRIVET_REQUIRES(mutex_);
  absl::Status Abandon(Request& request) TRIVET_REQUIRES(mutex_);
  Request* ChooseDriver() TRIVET_REQUIRES(mutex_);

  void Write() TRIVET_REQUIRES(mutex_);  // releases
  void TakePending() TRIVET_REQUIRES(mutex_);
  void ForgetOutput() TRIVET_REQUIRES(mutex_);

  static void Finish(Request& request, const absl::Status& failure, Wakeups& wakeups);
  static void Wake(const Request& self, Wakeups& wakeups);

  const RedisOptions options_;
  const Clock& clock_;
  const bool follows_;       // the primary, wherever sentinels say that it is
  const Doorbell doorbell_;  // calls the driver away from waiting for replies

  // Of the thread that drives; mutex_ hands them from one to the next.
  RedisLink link_;
  std::vector<Reply> replies_;
  absl::Duration heard_at_ = absl::ZeroDuration();

  mutable engine::Mutex mutex_;
  bool driven_ TRIVET_GUARDED_BY(mutex_) = false;
  bool asleep_ TRIVET_GUARDED_BY(mutex_) = false;  // the driver, until replies come
  // That of the link while it is ready. A copy keeps it open, so that a writer never writes into
  // somebody else's file.
  std::shared_ptr<const Socket> socket_ TRIVET_GUARDED_BY(mutex_);
  ServerInfo server_ TRIVET_GUARDED_BY(mutex_);
  uint64_t server_number_ TRIVET_GUARDED_BY(mutex_) = 0;
  uint64_t connects_ TRIVET_GUARDED_BY(mutex_) = 0;
  std::deque<Request*> pending_ TRIVET_GUARDED_BY(mutex_);
  std::deque<Slot> in_flight_ TRIVET_GUARDED_BY(mutex_);

  // One thread at a time writes; the bytes are its own until it is done.
  bool writing_ TRIVET_GUARDED_BY(mutex_) = false;
  bool blocked_ TRIVET_GUARDED_BY(mutex_) = false;  // the system takes no more for now
  bool crowded_ TRIVET_GUARDED_BY(mutex_) = false;  // several were answered at once lately
  std::string output_;
  size_t output_begin_ = 0;                             // what is before it was sent
  uint64_t taken_bytes_ TRIVET_GUARDED_BY(mutex_) = 0;  // into output_, on this connection
  uint64_t sent_bytes_ TRIVET_GUARDED_BY(mutex_) = 0;
};

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_REDIS_CONNECTION_H_
