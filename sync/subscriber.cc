#include "sync/subscriber.h"

#include <algorithm>
#include <utility>

#include "engine/check.h"
#include "sync/command.h"
#include "sync/redis_status.h"

namespace trivet::sync {
namespace {

// How soon a stop is noticed while there is no socket to wait for.
constexpr absl::Duration kStopNoticed = absl::Milliseconds(20);

absl::Status NotWhatWasExpected() {
  return MakeRedisStatus(RedisError::kProtocol, Executed::kNo, "not a message");
}

std::vector<std::string_view> Words(std::string_view command,
                                    const std::vector<std::string>& channels) {
  std::vector<std::string_view> words = {command};
  words.insert(words.end(), channels.begin(), channels.end());
  return words;
}

}  // namespace

Subscription::~Subscription() {
  subscriber_.audience_.Leave(*seat_);
  subscriber_.bell_.Ring();
}

absl::StatusOr<std::unique_ptr<Subscriber>> Subscriber::Open(const Options& options) {
  if (absl::Status status = Validate(options.redis); !status.ok()) return status;
  if (options.silence_max <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("silence_max: must be more than zero");
  }
  absl::StatusOr<RedisUrl> url = ParseRedisUrl(options.redis.url);
  if (!url.ok()) return url.status();
  return std::unique_ptr<Subscriber>(new Subscriber(*url, options));
}

Subscriber::Subscriber(const RedisUrl& url, const Options& options)
    : options_(options),
      clock_(options.redis.clock != nullptr ? *options.redis.clock : *Clock::System()),
      link_(url, options.redis, clock_),
      refusals_(options.redis.backoff_min, options.redis.backoff_max) {}

Subscriber::~Subscriber() {
  TRIVET_CHECK(audience_.empty(), "a subscription outlives its subscriber");
  stopped_ = true;
  bell_.Ring();
  engine::MutexLock lock(start_mutex_);
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<std::unique_ptr<Subscription>> Subscriber::Subscribe(
    std::vector<std::string> channels, ChannelListener& listener) {
  if (channels.empty()) return absl::InvalidArgumentError("channels: are none");
  Commands trial;
  if (absl::Status status = trial.Add(Words("SUBSCRIBE", channels)); !status.ok()) return status;
  auto seat = std::make_shared<Seat>(std::move(channels), listener);
  audience_.Enter(seat);
  bell_.Ring();
  engine::MutexLock lock(start_mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  return std::unique_ptr<Subscription>(new Subscription(*this, std::move(seat)));
}

// --- The thread ---------------------------------------------------------------------------------

void Subscriber::Run() {
  while (!stopped_) {
    if (audience_.empty()) {
      bell_.AwaitUntil(clock_, absl::InfiniteDuration());
      bell_.Silence();
      continue;
    }
    absl::Status status = Reach();
    if (link_.ready() && Wanted()) status = Listen();
    if (link_.ready()) link_.Close();
    if (status.ok()) continue;
    for (const std::shared_ptr<Seat>& seat : audience_.TakeAll()) Lose(*seat, status);
  }
}

// Until the link is ready, an attempt fails, or nobody wants it any more. The pause after a failure
// is spent here, so that each attempt is told of once.
absl::Status Subscriber::Reach() {
  while (Wanted() && clock_.Elapsed() < link_.resting_until()) {
    bell_.AwaitUntil(clock_, link_.resting_until());
    bell_.Silence();
  }
  while (Wanted() && !link_.ready()) {
    const absl::Status status = link_.Reach(clock_.Elapsed() + kStopNoticed);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// While the connection is good and somebody listens.
absl::Status Subscriber::Listen() {
  BeginAnew();
  while (Wanted()) {
    if (absl::Status status = Send(); !status.ok()) return status;
    const absl::Duration patience = asked_at_.value_or(heard_at_) + options_.silence_max;
    const absl::Duration until = refused_.empty() ? patience : std::min(patience, ask_again_at_);
    const Awaited awaited = Await(*link_.socket(), !output_.empty(), &bell_, clock_, until);
    if (awaited.bell) {
      bell_.Silence();
      TakeNews();
    }
    if (awaited.in) {
      if (absl::Status status = Receive(); !status.ok()) return status;
    } else if (clock_.Elapsed() >= patience) {
      if (asked_at_.has_value()) {
        return MakeRedisStatus(RedisError::kTimeout, Executed::kNo, "the server is silent");
      }
      Say({"PING"}, {.kind = Request::Kind::kPing});
      asked_at_ = clock_.Elapsed();
    }
    if (!refused_.empty() && clock_.Elapsed() >= ask_again_at_) AskForRefused();
  }
  return absl::OkStatus();
}

absl::Status Subscriber::Receive() {
  std::vector<Reply> replies;
  const absl::Status received = link_.Receive(replies);
  if (!replies.empty()) {
    heard_at_ = clock_.Elapsed();
    asked_at_.reset();
  }
  for (const Reply& reply : replies) {
    if (stopped_) break;
    if (absl::Status status = Take(reply); !status.ok()) return status;
  }
  return received;
}

// --- What is said -------------------------------------------------------------------------------

void Subscriber::BeginAnew() {
  output_.clear();
  requests_.clear();
  refused_.clear();
  refusals_.Succeeded();
  heard_at_ = clock_.Elapsed();
  asked_at_.reset();
  for (std::shared_ptr<Seat>& seat : audience_.TakeAll()) AskFor(std::move(seat));
}

void Subscriber::TakeNews() {
  Audience::News news = audience_.TakeNews();
  if (!news.deserted.empty()) {
    Say(Words("UNSUBSCRIBE", news.deserted),
        {.kind = Request::Kind::kUnsubscribe, .awaited = news.deserted.size()});
  }
  for (std::shared_ptr<Seat>& seat : news.entered) AskFor(std::move(seat));
}

void Subscriber::AskFor(std::shared_ptr<Seat> seat) {
  const std::vector<std::string>& channels = seat->channels;
  Say(Words("SUBSCRIBE", channels),
      {.kind = Request::Kind::kSubscribe, .seat = std::move(seat), .awaited = channels.size()});
}

void Subscriber::AskForRefused() {
  for (std::shared_ptr<Seat>& seat : std::exchange(refused_, {})) {
    if (audience_.Has(*seat)) AskFor(std::move(seat));
  }
}

void Subscriber::Say(std::vector<std::string_view> words, Request request) {
  Commands command;
  TRIVET_CHECK(command.Add(words).ok(), "channels fit into a command");
  output_ += command.bytes();
  requests_.push_back(std::move(request));
}

// As much as the system takes.
absl::Status Subscriber::Send() {
  if (output_.empty()) return absl::OkStatus();
  const absl::StatusOr<size_t> sent = link_.socket()->Send(output_);
  if (!sent.ok()) return sent.status();
  output_.erase(0, *sent);
  return absl::OkStatus();
}

// --- What is heard ------------------------------------------------------------------------------

// ["subscribe" or "unsubscribe", channel, count], ["message", channel, payload], ["pong", ""], or
// PONG from a server that has us listen to nothing.
absl::Status Subscriber::Take(const Reply& reply) {
  using Kind = Request::Kind;
  if (reply.is_error()) return TakeError(StatusOf(reply));
  bool expected = false;
  const std::vector<Reply>& parts = reply.elements;
  if (reply.is_status("PONG")) {
    expected = TakeAnswer(Kind::kPing, "");
  } else if (reply.is_array() && parts.size() >= 2 && parts[0].is_string() &&
             parts[1].is_string()) {
    const std::string_view what = parts[0].text;
    const std::string_view channel = parts[1].text;
    if (what == "pong") {
      expected = TakeAnswer(Kind::kPing, "");
    } else if (parts.size() == 3 && what == "message" && parts[2].is_string()) {
      expected = true;
      for (const std::shared_ptr<Seat>& seat : audience_.ListenersOf(channel)) {
        if (!seat->listening) continue;
        audience_.Tell(
            *seat, [&](ChannelListener& listener) { listener.OnMessage(channel, parts[2].text); });
      }
    } else if (parts.size() == 3 && what == "subscribe" && parts[2].is_integer()) {
      expected = TakeAnswer(Kind::kSubscribe, channel);
    } else if (parts.size() == 3 && what == "unsubscribe" && parts[2].is_integer()) {
      expected = TakeAnswer(Kind::kUnsubscribe, channel);
    }
  }
  return expected ? absl::OkStatus() : NotWhatWasExpected();
}

// A command that is refused has one answer, however many channels it names. Only that to SUBSCRIBE
// is of interest; any answer is a sign of life.
absl::Status Subscriber::TakeError(const absl::Status& error) {
  if (requests_.empty()) return error;
  Request request = std::move(requests_.front());
  requests_.pop_front();
  if (request.seat == nullptr) return absl::OkStatus();
  if (request.awaited < request.seat->channels.size()) return NotWhatWasExpected();
  if (refused_.empty()) ask_again_at_ = clock_.Elapsed() + refusals_.Failed();
  refused_.push_back(request.seat);
  Lose(*request.seat, error);
  return absl::OkStatus();
}

// Whether it was the answer to be expected.
bool Subscriber::TakeAnswer(Request::Kind kind, std::string_view channel) {
  if (requests_.empty() || requests_.front().kind != kind) return false;
  Request& request = requests_.front();
  const std::shared_ptr<Seat> seat = request.seat;
  if (seat != nullptr && seat->channels[seat->channels.size() - request.awaited] != channel) {
    return false;
  }
  if (--request.awaited > 0) return true;
  requests_.pop_front();
  if (seat == nullptr) return true;
  seat->listening = true;
  audience_.Tell(*seat,
                 [this](ChannelListener& listener) { listener.OnSubscribed(link_.server()); });
  return true;
}

void Subscriber::Lose(Seat& seat, const absl::Status& why) {
  seat.listening = false;
  audience_.Tell(seat, [&why](ChannelListener& listener) { listener.OnLost(why); });
}

}  // namespace trivet::sync
