#include "sync/redis_dial.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/redis_status.h"

namespace trivet::sync {

RedisDial::RedisDial(const ServerPlace& place, const RedisOptions& options, const Clock& clock,
                     Opening& opening)
    : place_(place), options_(options), clock_(clock), opening_(opening) {}

absl::Status RedisDial::Advance(absl::Duration until) {
  while (!done()) {
    const State before = state_;
    absl::Status status = Step(until);
    // A host may have addresses of which only one is served.
    while (!status.ok() && !addresses_.empty()) status = ConnectToNext();
    if (!status.ok()) return status;
    if (state_ == before && clock_.Elapsed() >= until) break;
  }
  return absl::OkStatus();
}

absl::Status RedisDial::Step(absl::Duration until) {
  switch (state_) {
    case State::kNew:
      return Begin();
    case State::kLookup:
      return LookUp(until);
    case State::kConnecting:
      return Connect(until);
    case State::kGreeting:
      return Greet(until);
    case State::kDone:
      break;
  }
  return absl::OkStatus();
}

absl::Status RedisDial::Begin() {
  if (place_.is_unix()) {
    addresses_.push_back(SocketAddress::OfPath(place_.path));
    return ConnectToNext();
  }
  attempt_deadline_ = clock_.Elapsed() + options_.connect_timeout;
  lookup_.emplace(place_.host, place_.port);
  state_ = State::kLookup;
  return absl::OkStatus();
}

absl::Status RedisDial::LookUp(absl::Duration until) {
  if (!lookup_->AwaitUntil(clock_, std::min(until, attempt_deadline_))) return Unanswered();
  absl::StatusOr<SocketAddresses> found = lookup_->Result();
  lookup_.reset();
  if (!found.ok()) return found.status();
  addresses_ = *std::move(found);
  std::reverse(addresses_.begin(), addresses_.end());
  return ConnectToNext();
}

absl::Status RedisDial::ConnectToNext() {
  const SocketAddress address = addresses_.back();
  addresses_.pop_back();
  attempt_deadline_ = clock_.Elapsed() + options_.connect_timeout;
  absl::StatusOr<Socket> socket = Socket::Connect(address);
  if (!socket.ok()) return socket.status();
  socket_ = std::make_shared<const Socket>(*std::move(socket));
  state_ = State::kConnecting;
  return absl::OkStatus();
}

absl::Status RedisDial::Connect(absl::Duration until) {
  if (!Await(*socket_, true, nullptr, clock_, std::min(until, attempt_deadline_)).out) {
    return Unanswered();
  }
  if (absl::Status status = socket_->Finish(); !status.ok()) return status;
  stream_.emplace(socket_, options_.reply_bytes_max);
  opening_.Restart();
  greeted_bytes_ = 0;
  state_ = State::kGreeting;
  return absl::OkStatus();
}

// That a connection stands says nothing: the system makes it even if the server hangs.
absl::Status RedisDial::Greet(absl::Duration until) {
  const std::string_view rest = std::string_view(opening_.bytes()).substr(greeted_bytes_);
  if (!rest.empty()) {
    const absl::StatusOr<size_t> sent = socket_->Send(rest);
    if (!sent.ok()) return sent.status();
    greeted_bytes_ += *sent;
  }
  const bool more = greeted_bytes_ < opening_.bytes().size();
  const absl::Duration deadline = std::min(until, attempt_deadline_);
  const Awaited awaited = Await(*socket_, more, nullptr, clock_, deadline);
  if (!awaited.in) return awaited.out ? absl::OkStatus() : Unanswered();
  std::vector<Reply> replies;
  const absl::Status received = stream_->Receive(replies);
  for (const Reply& reply : replies) {
    if (opening_.done()) {
      return MakeRedisStatus(RedisError::kProtocol, Executed::kNo, "a reply to nothing");
    }
    if (absl::Status status = opening_.Take(reply); !status.ok()) return status;
  }
  if (!received.ok()) return received;
  if (opening_.done()) state_ = State::kDone;
  return absl::OkStatus();
}

// OK while only the caller's time is over, not that of the attempt.
absl::Status RedisDial::Unanswered() const {
  if (clock_.Elapsed() < attempt_deadline_) return absl::OkStatus();
  return MakeRedisStatus(RedisError::kUnreachable, Executed::kNo,
                         "no answer within the time to connect");
}

}  // namespace trivet::sync
