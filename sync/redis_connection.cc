#include "sync/redis_connection.h"

#include <algorithm>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/check.h"
#include "sync/redis_status.h"
#include "sync/wakeup.h"

namespace trivet::sync {
namespace {

using engine::MutexLock;

// Requests on their way, abandoned ones included: bounds memory while a server hangs.
constexpr size_t kInFlightMax = 65'536;
// Of one send: enough that system calls do not matter.
constexpr size_t kOutputBytes = 256 << 10;
// Sends by one thread in a row; others wait for it that it does not know.
constexpr int kSendsMax = 4;
// A connection that was silent for so long may have been closed by the server meanwhile: worth a
// look before something is sent that must then count as perhaps executed.
constexpr absl::Duration kIdleMax = absl::Milliseconds(10);

absl::Status TimedOut(Executed executed) {
  return MakeRedisStatus(RedisError::kTimeout, executed, "no reply before the deadline");
}

}  // namespace

// Lives on the stack of the thread that waits for it.
struct RedisConnection::Request {
  // What the thread is told.
  static constexpr uint32_t kFinished = 1;
  static constexpr uint32_t kDrive = 2;

  Request(const Commands& wanted, absl::Duration until) : commands(wanted), deadline(until) {
    replies.reserve(commands.count());
  }

  const Commands& commands;
  const absl::Duration deadline;

  // Guarded by the mutex of the connection. Once one of the two flags is set, the wake-up follows.
  std::vector<Reply> replies;
  uint64_t server = 0;  // who answered
  absl::Status failure;
  bool finished = false;
  bool chosen = false;  // to drive

  Wakeup wakeup;
};

RedisConnection::RedisConnection(const RedisUrl& url, const RedisOptions& options)
    : options_(options),
      clock_(options.clock != nullptr ? *options.clock : *Clock::System()),
      follows_(url.is_sentinel()),
      link_(url, options, clock_) {}

absl::StatusOr<std::vector<Reply>> RedisConnection::Call(const Commands& commands,
                                                         absl::Duration deadline,
                                                         uint64_t* server) {
  if (commands.count() == 0) return std::vector<Reply>();
  if (clock_.Elapsed() >= deadline) return TimedOut(Executed::kNo);
  Request request(commands, deadline);
  bool drive = false;
  {
    MutexLock lock(mutex_);
    if (pending_.size() + in_flight_.size() >= kInFlightMax) {
      return MakeRedisStatus(RedisError::kOverloaded, Executed::kNo,
                             "too many requests are on their way");
    }
    pending_.push_back(&request);
    drive = !std::exchange(driven_, true);
    // A driver that is awake writes before it sleeps; one that is asleep must not be waited for.
    if (asleep_ && !writing_ && !blocked_) Write();
  }
  if (!drive) {
    uint32_t told = request.wakeup.Await(clock_, deadline);
    if (told == 0) {
      {
        MutexLock lock(mutex_);
        if (!request.finished && !request.chosen) return Abandon(request);
      }
      told = request.wakeup.Await(clock_, absl::InfiniteDuration());  // it is on its way
    }
    drive = told == Request::kDrive;
  }
  if (drive) {
    Wakeups wakeups;
    {
      MutexLock lock(mutex_);
      Drive(request, wakeups);
    }
    Wake(request, wakeups);
  }
  if (!request.failure.ok()) return request.failure;
  if (server != nullptr) *server = request.server;
  return std::move(request.replies);
}

ServerInfo RedisConnection::server() const {
  MutexLock lock(mutex_);
  return server_;
}

uint64_t RedisConnection::connects() const {
  MutexLock lock(mutex_);
  return connects_;
}

// --- Driving ------------------------------------------------------------------------------------

// Ends with somebody else chosen to drive, or nobody left to do it for.
void RedisConnection::Drive(Request& self, Wakeups& wakeups) {
  while (!self.finished && clock_.Elapsed() < self.deadline) {
    Turn(self, wakeups);
    if (self.finished || wakeups.finished.empty()) continue;
    mutex_.Unlock();
    Wake(self, wakeups);
    mutex_.Lock();
  }
  if (!self.finished) self.failure = Abandon(self);
  wakeups.next_driver = ChooseDriver();
  driven_ = wakeups.next_driver != nullptr;
}

// One step of whatever is to be done next.
void RedisConnection::Turn(const Request& self, Wakeups& wakeups) {
  if (socket_ == nullptr) return Reach(self.deadline, wakeups);
  absl::Duration until = self.deadline;
  if (in_flight_.empty()) {
    const absl::Duration now = clock_.Elapsed();
    if (now - heard_at_ >= kIdleMax) return ReceiveUntil(now, wakeups);
  } else if (const Slot& oldest = in_flight_.front(); oldest.request == nullptr) {
    const absl::Duration patience = oldest.abandoned_at + options_.abandoned_max;
    if (clock_.Elapsed() >= patience) {
      return Disconnect(MakeRedisStatus(RedisError::kDisconnected, Executed::kMaybe,
                                        "closed, for the server did not answer"),
                        wakeups);
    }
    until = std::min(until, patience);
  }
  if (!writing_ && !blocked_ && !(pending_.empty() && output_.empty())) Write();
  if (socket_ != nullptr) ReceiveUntil(until, wakeups);
}

void RedisConnection::Reach(absl::Duration until, Wakeups& wakeups) {
  mutex_.Unlock();
  const absl::Status status = link_.Reach(until);
  mutex_.Lock();
  if (!status.ok()) {
    for (Request* request : std::exchange(pending_, {})) Finish(*request, status, wakeups);
  } else if (link_.ready()) {
    socket_ = link_.socket();
    server_ = link_.server();
    server_number_ = ServerNumber(server_.run_id);
    ++connects_;
    heard_at_ = clock_.Elapsed();
  }
}

void RedisConnection::ReceiveUntil(absl::Duration until, Wakeups& wakeups) {
  const bool out = blocked_;
  asleep_ = true;
  mutex_.Unlock();
  const Awaited awaited = Await(*link_.socket(), out, &doorbell_, clock_, until);
  absl::Status status;
  if (awaited.in) status = link_.Receive(replies_);
  if (awaited.bell) doorbell_.Silence();
  heard_at_ = clock_.Elapsed();
  mutex_.Lock();
  asleep_ = false;
  if (awaited.out) blocked_ = false;
  if (absl::Status delivered = Deliver(wakeups); !delivered.ok()) status = delivered;
  if (!status.ok()) Disconnect(status, wakeups);
}

absl::Status RedisConnection::Deliver(Wakeups& wakeups) {
  const size_t before = wakeups.finished.size();
  bool demoted = false;
  for (Reply& reply : replies_) {
    demoted |= follows_ && KindOf(StatusOf(reply)) == RedisError::kReadOnly;
    if (in_flight_.empty()) {
      replies_.clear();
      return MakeRedisStatus(RedisError::kProtocol, Executed::kMaybe, "a reply to nothing");
    }
    Slot& oldest = in_flight_.front();
    Request* const request = oldest.request;
    if (request != nullptr) request->replies.push_back(std::move(reply));
    if (--oldest.awaited > 0) continue;
    in_flight_.pop_front();
    if (request == nullptr) continue;
    request->server = server_number_;  // what is in flight belongs to the newest connection
    Finish(*request, absl::OkStatus(), wakeups);
  }
  if (!replies_.empty()) crowded_ = wakeups.finished.size() - before > 1;
  replies_.clear();
  if (!demoted) return absl::OkStatus();
  return MakeRedisStatus(RedisError::kDisconnected, Executed::kMaybe,
                         "left, for the server is no primary any more");
}

// What is pending stays: it has a chance on the next connection.
void RedisConnection::Disconnect(const absl::Status& why, Wakeups& wakeups) {
  link_.Close();
  socket_.reset();
  blocked_ = false;
  for (const Slot& slot : std::exchange(in_flight_, {})) {
    if (slot.request == nullptr) continue;
    // How far a writer that is at work has come is not known.
    const bool sent = writing_ || slot.begins < sent_bytes_;
    Finish(*slot.request, sent ? why : NotExecuted(why), wakeups);
  }
  taken_bytes_ = sent_bytes_ = 0;
  if (!writing_) ForgetOutput();
}

// Takes out a request whose time is over; what to tell its caller.
absl::Status RedisConnection::Abandon(Request& request) {
  request.finished = true;
  const auto pending = std::find(pending_.begin(), pending_.end(), &request);
  if (pending != pending_.end()) {
    pending_.erase(pending);
    return TimedOut(Executed::kNo);
  }
  const auto slot = std::find_if(in_flight_.begin(), in_flight_.end(),
                                 [&](const Slot& one) { return one.request == &request; });
  TRIVET_CHECK(slot != in_flight_.end(), "a request is at one place");
  slot->request = nullptr;
  slot->abandoned_at = clock_.Elapsed();
  return TimedOut(Executed::kMaybe);
}

RedisConnection::Request* RedisConnection::ChooseDriver() {
  const auto slot = std::find_if(in_flight_.begin(), in_flight_.end(),
                                 [](const Slot& one) { return one.request != nullptr; });
  Request* next = nullptr;
  if (slot != in_flight_.end()) {
    next = slot->request;
  } else if (!pending_.empty()) {
    next = pending_.front();
  }
  if (next != nullptr) next->chosen = true;
  return next;
}

void RedisConnection::Finish(Request& request, const absl::Status& failure, Wakeups& wakeups) {
  if (!failure.ok()) request.failure = Unshared(failure);
  request.finished = true;
  wakeups.finished.push_back(&request);
}

void RedisConnection::Wake(const Request& self, Wakeups& wakeups) {
  for (Request* request : wakeups.finished) {
    if (request != &self) request->wakeup.Tell(Request::kFinished);
  }
  wakeups.finished.clear();
  if (wakeups.next_driver != nullptr) wakeups.next_driver->wakeup.Tell(Request::kDrive);
}

// --- Writing ------------------------------------------------------------------------------------

// Sends what is pending, for whoever put it there, until the system takes no more.
void RedisConnection::Write() {
  writing_ = true;
  std::shared_ptr<const Socket> socket = socket_;
  if (crowded_) {
    // Where threads come in crowds, those that are ready to run put their requests into this send,
    // too: a send and a wake-up of the server cost more than the turn they get here.
    mutex_.Unlock();
    std::this_thread::yield();
    mutex_.Lock();
  }
  for (int sends = 0; sends < kSendsMax; ++sends) {
    if (socket_ != socket) {  // the connection was lost meanwhile, and the rest of what was for it
      ForgetOutput();
      socket = socket_;
    }
    if (socket == nullptr) break;
    if (output_.empty()) TakePending();
    if (output_.empty()) break;
    const std::string_view rest = std::string_view(output_).substr(output_begin_);
    mutex_.Unlock();
    const absl::StatusOr<size_t> sent = socket->Send(rest);
    mutex_.Lock();
    if (socket_ != socket) continue;
    // Errors are dealt with by the driver, who finds them when it reads.
    blocked_ = !sent.ok() || *sent < rest.size();
    if (sent.ok()) {
      sent_bytes_ += *sent;
      output_begin_ += *sent;
      if (output_begin_ == output_.size()) ForgetOutput();
    }
    if (blocked_) break;
  }
  // Nor may the rest go to the next one after the last send: its replies would answer others.
  if (socket_ != socket) ForgetOutput();
  writing_ = false;
  if (blocked_ || !pending_.empty()) doorbell_.Ring();
}

void RedisConnection::TakePending() {
  while (!pending_.empty() && output_.size() < kOutputBytes) {
    Request* const request = pending_.front();
    pending_.pop_front();
    in_flight_.push_back(
        {.request = request, .awaited = request->commands.count(), .begins = taken_bytes_});
    const std::string& bytes = request->commands.bytes();
    output_ += bytes;
    taken_bytes_ += bytes.size();
  }
}

void RedisConnection::ForgetOutput() {
  // A large command must not keep its memory for ever.
  if (output_.capacity() > 4 * kOutputBytes) {
    output_ = std::string();
  } else {
    output_.clear();
  }
  output_begin_ = 0;
}

}  // namespace trivet::sync
