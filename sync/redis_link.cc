#include "sync/redis_link.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "sync/redis_status.h"

namespace trivet::sync {
namespace {

// What RespReader likes to be fed with.
constexpr size_t kPieceBytes = 16 << 10;
// Pieces taken by one Receive, so that a flood of replies does not keep it for ever.
constexpr int kPiecesMax = 16;

}  // namespace

RedisLink::RedisLink(RedisUrl url, const RedisOptions& options, const Clock& clock)
    : url_(std::move(url)),
      options_(options),
      clock_(clock),
      backoff_(options.backoff_min, options.backoff_max) {}

absl::Status RedisLink::Reach(absl::Duration until) {
  while (!ready()) {
    const State before = state_;
    absl::Status status;
    switch (state_) {
      case State::kResting:
        if (clock_.Elapsed() < resting_until_) return Unshared(failure_);
        status = Begin();
        break;
      case State::kLookup:
        status = LookUp(until);
        break;
      case State::kConnecting:
        status = Connect(until);
        break;
      case State::kGreeting:
        status = Greet(until);
        break;
      case State::kReady:
        break;
    }
    // A host may have addresses of which only one is served.
    while (!status.ok() && !addresses_.empty()) status = ConnectToNext();
    if (!status.ok()) {
      failure_ = NotExecuted(status);
      Rest();
      return Unshared(failure_);
    }
    if (state_ == before && clock_.Elapsed() >= until) return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status RedisLink::Begin() {
  addresses_.clear();
  if (url_.is_unix()) {
    addresses_.push_back(SocketAddress::OfPath(url_.path));
    return ConnectToNext();
  }
  attempt_deadline_ = clock_.Elapsed() + options_.connect_timeout;
  lookup_.emplace(url_.host, url_.port);
  state_ = State::kLookup;
  return absl::OkStatus();
}

absl::Status RedisLink::LookUp(absl::Duration until) {
  if (!lookup_->AwaitUntil(clock_, std::min(until, attempt_deadline_))) return Unanswered();
  absl::StatusOr<SocketAddresses> found = lookup_->Result();
  lookup_.reset();
  if (!found.ok()) return found.status();
  addresses_ = *std::move(found);
  std::reverse(addresses_.begin(), addresses_.end());
  return ConnectToNext();
}

absl::Status RedisLink::ConnectToNext() {
  const SocketAddress address = addresses_.back();
  addresses_.pop_back();
  attempt_deadline_ = clock_.Elapsed() + options_.connect_timeout;
  absl::StatusOr<Socket> socket = Socket::Connect(address);
  if (!socket.ok()) return socket.status();
  socket_ = std::make_shared<const Socket>(*std::move(socket));
  state_ = State::kConnecting;
  return absl::OkStatus();
}

absl::Status RedisLink::Connect(absl::Duration until) {
  if (!Await(*socket_, true, nullptr, clock_, std::min(until, attempt_deadline_)).out) {
    return Unanswered();
  }
  if (absl::Status status = socket_->Finish(); !status.ok()) return status;
  reader_.emplace(ReplyLimits{.reply_bytes_max = options_.reply_bytes_max});
  handshake_.emplace(url_, options_.client_name);
  greeted_bytes_ = 0;
  state_ = State::kGreeting;
  return absl::OkStatus();
}

// That a connection stands says nothing: the system makes it even if the server hangs.
absl::Status RedisLink::Greet(absl::Duration until) {
  const std::string_view rest = std::string_view(handshake_->bytes()).substr(greeted_bytes_);
  if (!rest.empty()) {
    const absl::StatusOr<size_t> sent = socket_->Send(rest);
    if (!sent.ok()) return sent.status();
    greeted_bytes_ += *sent;
  }
  const bool more = greeted_bytes_ < handshake_->bytes().size();
  const absl::Duration deadline = std::min(until, attempt_deadline_);
  const Awaited awaited = Await(*socket_, more, nullptr, clock_, deadline);
  if (!awaited.in) return awaited.out ? absl::OkStatus() : Unanswered();
  std::vector<Reply> replies;
  const absl::Status received = Receive(replies);
  for (const Reply& reply : replies) {
    if (handshake_->done()) {
      return MakeRedisStatus(RedisError::kProtocol, Executed::kNo, "a reply to nothing");
    }
    if (absl::Status status = handshake_->Take(reply); !status.ok()) return status;
  }
  if (!received.ok()) return received;
  if (handshake_->done()) state_ = State::kReady;
  return absl::OkStatus();
}

absl::Status RedisLink::Receive(std::vector<Reply>& replies) {
  std::array<char, kPieceBytes> piece;
  for (int pieces = 0; pieces < kPiecesMax; ++pieces) {
    const absl::StatusOr<std::optional<size_t>> received = socket_->Receive(piece);
    if (!received.ok()) return received.status();
    if (!*received) break;
    reader_->Feed({piece.data(), **received});
    while (true) {
      absl::StatusOr<std::optional<Reply>> reply = reader_->Next();
      if (!reply.ok()) return reply.status();
      if (!reply->has_value()) break;
      if (ready()) served_ = true;
      replies.push_back(**std::move(reply));
    }
    if (**received < piece.size()) break;
  }
  return absl::OkStatus();
}

void RedisLink::Close() {
  failure_ = MakeRedisStatus(RedisError::kUnreachable, Executed::kNo, "the connection was lost");
  const bool served = served_;
  Rest();
  // A server that lets us in and goes away without a word is as bad as one that does not let us in.
  if (!served) return;
  backoff_.Succeeded();
  resting_until_ = clock_.Elapsed();
}

// OK while only the caller's time is over, not that of the attempt.
absl::Status RedisLink::Unanswered() const {
  if (clock_.Elapsed() < attempt_deadline_) return absl::OkStatus();
  return MakeRedisStatus(RedisError::kUnreachable, Executed::kNo,
                         "no answer within the time to connect");
}

void RedisLink::Rest() {
  state_ = State::kResting;
  resting_until_ = clock_.Elapsed() + backoff_.Failed();
  addresses_.clear();
  lookup_.reset();
  socket_.reset();
  reader_.reset();
  handshake_.reset();
  served_ = false;
}

}  // namespace trivet::sync
