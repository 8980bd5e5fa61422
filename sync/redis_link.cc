#include "sync/redis_link.h"

#include <cstddef>
#include <utility>

#include "sync/redis_status.h"

namespace trivet::sync {

RedisLink::RedisLink(const RedisUrl& url, const RedisOptions& options, const Clock& clock)
    : url_(url),
      options_(options),
      clock_(clock),
      backoff_(options.backoff_min, options.backoff_max),
      handshake_(url, options.client_name),
      sentinels_(url) {
  if (url.is_sentinel()) query_.emplace(url);
}

absl::Status RedisLink::Reach(absl::Duration until) {
  while (!ready()) {
    if (dial_ == nullptr && clock_.Elapsed() < resting_until_) return Unshared(failure_);
    if (absl::Status status = Dial(until); !status.ok()) {
      failure_ = NotExecuted(status);
      Rest();
      return Unshared(failure_);
    }
    if (!ready() && clock_.Elapsed() >= until) break;
  }
  return absl::OkStatus();
}

// Goes on until the dial has come to its end, or `until`.
absl::Status RedisLink::Dial(absl::Duration until) {
  if (dial_ == nullptr && url_.is_sentinel()) {
    sentinels_.BeginRound();
    if (absl::Status status = AskNext(); !status.ok()) return status;
  } else if (dial_ == nullptr) {
    dial_ = std::make_unique<RedisDial>(url_.place(), options_, clock_, handshake_);
  }
  const absl::Status status = dial_->Advance(until);
  if (status.ok() && !dial_->done()) return absl::OkStatus();
  return asking_ ? TakeAnswer(status) : TakeServer(status);
}

absl::Status RedisLink::AskNext() {
  const ServerPlace* const sentinel = sentinels_.next();
  if (sentinel == nullptr) return sentinels_.failure();
  asking_ = true;
  dial_ = std::make_unique<RedisDial>(*sentinel, options_, clock_, *query_);
  return absl::OkStatus();
}

// What became of a dial to a sentinel.
absl::Status RedisLink::TakeAnswer(const absl::Status& status) {
  if (!status.ok()) {
    sentinels_.NotAnswered(status);
    return AskNext();
  }
  const ServerPlace primary = query_->primary();
  if (sentinels_.IsVain(primary)) {
    sentinels_.VainAgain();
    return AskNext();
  }
  asking_ = false;
  dial_ = std::make_unique<RedisDial>(primary, options_, clock_, handshake_);
  return absl::OkStatus();
}

// What became of a dial to the server.
absl::Status RedisLink::TakeServer(const absl::Status& status) {
  if (!status.ok() && url_.is_sentinel()) {
    sentinels_.Vain(dial_->place(), status);
    return AskNext();
  }
  if (!status.ok()) return status;
  if (url_.is_sentinel()) sentinels_.Helped();
  stream_ = dial_->TakeStream();
  dial_.reset();
  return absl::OkStatus();
}

absl::Status RedisLink::Receive(std::vector<Reply>& replies) {
  const size_t before = replies.size();
  absl::Status status = stream_->Receive(replies);
  if (replies.size() > before) served_ = true;
  return status;
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

void RedisLink::Rest() {
  resting_until_ = clock_.Elapsed() + backoff_.Failed();
  dial_.reset();
  stream_.reset();
  asking_ = false;
  served_ = false;
}

}  // namespace trivet::sync
