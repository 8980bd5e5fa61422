// How parts stand, and loads; changes are in redis_tier_changes.cc.
#include "sync/redis_tier.h"

#include <algorithm>
#include <random>
#include <utility>

#include "engine/check.h"
#include "engine/strings.h"
#include "sync/little_endian.h"
#include "sync/read_batch.h"
#include "sync/redis_status.h"
#include "sync/redis_tier_subscription.h"
#include "sync/tier_scripts.h"
#include "trivet/options.h"

namespace trivet {
namespace {

constexpr uint32_t kPartsMax = 1024;
constexpr size_t kStampsLeast = 16;
constexpr size_t kStampsMost = 1'000'000;

}  // namespace

absl::Status Validate(const RedisTierOptions& options) {
  const auto within = [](absl::Duration duration, absl::Duration most) {
    return duration >= absl::Milliseconds(1) && duration <= most;
  };
  const auto wrong = [](std::string_view words) {
    return absl::InvalidArgumentError(engine::ToAbsl(words));
  };
  if (absl::Status status = Validate(options.redis); !status.ok()) return status;
  if (options.parts < 1 || options.parts > kPartsMax) return wrong("parts: must be 1 to 1024");
  if (!within(options.claim_life, absl::Hours(1))) {
    return wrong("claim_life: must be 1 ms to an hour");
  }
  if (!within(options.tomb_life, absl::Hours(1))) {
    return wrong("tomb_life: must be 1 ms to an hour");
  }
  if (options.lasting_life < absl::Seconds(1) || options.lasting_life > kTtlMax) {
    return wrong("lasting_life: must be 1 second to 366 days");
  }
  if (options.stamps_max < kStampsLeast || options.stamps_max > kStampsMost) {
    return wrong("stamps_max: must be 16 to 1000000");
  }
  if (!within(options.silence_max, absl::Minutes(10))) {
    return wrong("silence_max: must be 1 ms to ten minutes");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SharedTier>> OpenRedisTier(const RedisTierOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<sync::RedisClient>> client =
      sync::RedisClient::Open(options.redis);
  if (!client.ok()) return client.status();
  absl::StatusOr<std::unique_ptr<sync::Subscriber>> subscriber =
      sync::Subscriber::Open({.redis = options.redis, .silence_max = options.silence_max});
  if (!subscriber.ok()) return subscriber.status();
  return std::make_unique<sync::RedisTier>(options, *std::move(client), *std::move(subscriber));
}

}  // namespace trivet

namespace trivet::sync {
namespace {

uint64_t RandomOrigin() {
  std::random_device random;
  return (uint64_t{random()} << 32 | random()) | 1;
}

std::string Millis(absl::Duration duration) {
  return std::to_string(absl::ToInt64Milliseconds(duration));
}

absl::Status NotWhatWasExpected() {
  return MakeRedisStatus(RedisError::kProtocol, Executed::kMaybe, "not the reply of the script");
}

// In the reply of the script that asks for it.
absl::StatusOr<PartState> StateIn(const Reply& reply, uint64_t server) {
  if (absl::Status status = StatusOf(reply); !status.ok()) return status;
  const std::vector<Reply>& fields = reply.elements;
  if (fields.size() != 2 || !fields[0].is_string() || !fields[1].is_integer()) {
    return NotWhatWasExpected();
  }
  return PartState{.generation = GenerationOf(fields[0].text),
                   .sequence = static_cast<uint64_t>(fields[1].integer),
                   .server = server};
}

std::string BytesOf(uint64_t number) {
  std::string bytes;
  AppendNumber(number, bytes);
  return bytes;
}

}  // namespace

RedisTier::RedisTier(const RedisTierOptions& options, std::unique_ptr<RedisClient> client,
                     std::unique_ptr<Subscriber> subscriber)
    : options_(options),
      origin_(RandomOrigin()),
      claim_life_(Millis(options.claim_life)),
      tomb_life_(Millis(options.tomb_life)),
      client_(std::move(client)),
      subscriber_(std::move(subscriber)) {}

// --- How a part stands --------------------------------------------------------------------------

absl::StatusOr<PartState> RedisTier::Fence(const SharedPart& part, uint64_t proposed_generation,
                                           absl::Duration deadline) {
  SharedPart proposed = part;
  proposed.generation = proposed_generation;
  const ScriptWords fence = Of(Scripts().fence, Names(part), proposed,
                               MessageOf(proposed, {.kind = SharedRecord::Kind::kFence}));
  uint64_t server = 0;
  absl::StatusOr<std::vector<Reply>> replies =
      client_->RunMany({&fence.call(), 1}, deadline, &server);
  if (!replies.ok()) return replies.status();
  const Reply& reply = replies->front();
  if (absl::Status status = StatusOf(reply); !status.ok()) return status;
  const std::vector<Reply>& fields = reply.elements;
  if (fields.size() != 3 || !fields[0].is_string() || !fields[1].is_integer() ||
      !fields[2].is_string() || fields[2].text.empty()) {
    return NotWhatWasExpected();
  }
  if (ServerNumber(fields[2].text) != server) {
    return MakeRedisStatus(RedisError::kDisconnected, Executed::kMaybe,
                           "the server is another one by now");
  }
  return PartState{.generation = GenerationOf(fields[0].text),
                   .sequence = static_cast<uint64_t>(fields[1].integer),
                   .server = server};
}

absl::StatusOr<std::vector<absl::StatusOr<PartState>>> RedisTier::ReadStates(
    std::span<const SharedPart> parts, absl::Duration deadline) {
  std::vector<ScriptWords> scripts;
  std::vector<ScriptCall> calls;
  for (const SharedPart& part : parts) {
    scripts.emplace_back(Scripts().state).Key(Names(part).hash());
    calls.push_back(scripts.back().call());
  }
  uint64_t server = 0;
  absl::StatusOr<std::vector<Reply>> replies = client_->RunMany(calls, deadline, &server);
  if (!replies.ok()) return replies.status();
  std::vector<absl::StatusOr<PartState>> states;
  for (const Reply& reply : *replies) states.push_back(StateIn(reply, server));
  const bool has_answer =
      std::any_of(states.begin(), states.end(), [](const auto& state) { return state.ok(); });
  if (!states.empty() && !has_answer) return states.front().status();
  return states;
}

// --- Loads --------------------------------------------------------------------------------------

absl::StatusOr<SharedReading> RedisTier::Read(const SharedPart& part,
                                              std::span<const SharedRequest> requests,
                                              absl::Duration deadline) {
  if (requests.empty()) return SharedReading();  // nothing to be wrong about
  return ReadBatch(*client_, part, requests, claim_life_, deadline).Run();
}

absl::StatusOr<std::vector<SharedAnswer>> RedisTier::ClaimOverMany(
    const SharedPart& part, std::span<const SharedClaim> claims, absl::Duration deadline) {
  if (claims.empty()) return std::vector<SharedAnswer>();
  const RedisNames names = Names(part);
  std::vector<ScriptWords> scripts;
  for (const SharedClaim& claim : claims) {
    ScriptWords& script = scripts.emplace_back(Of(Scripts().claim_over, names, part));
    script.Key(names.Key(claim.key)).Argument(BytesOf(claim.token));
    script.Argument(BytesOf(claim.instead_of)).Argument(claim_life_);
  }
  return RunEach(part, scripts, deadline);
}

absl::StatusOr<std::vector<SharedAnswer>> RedisTier::FillMany(const SharedPart& part,
                                                              std::span<const SharedFill> fills,
                                                              absl::Duration deadline) {
  std::vector<ScriptWords> scripts;
  std::vector<size_t> sent;  // the fills of the scripts
  for (size_t i = 0; i < fills.size(); ++i) {
    if (!Fits(fills[i].write)) continue;
    scripts.push_back(StoreScript(part, fills[i].key, SlotState::kClaim, fills[i].token,
                                  fills[i].token, fills[i].write));
    sent.push_back(i);
  }
  std::vector<SharedAnswer> answers(fills.size());
  if (sent.empty()) return answers;
  const auto of_sent = RunEach(part, scripts, deadline);
  if (!of_sent.ok()) return of_sent.status();
  for (size_t i = 0; i < sent.size(); ++i) answers[sent[i]] = (*of_sent)[i];
  return answers;
}

absl::StatusOr<SharedAnswer> RedisTier::Renew(const SharedPart& part, std::string_view key,
                                              uint64_t token, uint64_t instead_of,
                                              const SharedWrite& write, absl::Duration deadline) {
  if (!Fits(write)) return SharedAnswer();
  const ScriptWords script = StoreScript(part, key, SlotState::kValue, instead_of, token, write);
  return RunAll(part, {&script, 1}, deadline);
}

ScriptWords RedisTier::StoreScript(const SharedPart& part, std::string_view key, SlotState replaced,
                                   uint64_t replaced_token, uint64_t token,
                                   const SharedWrite& write) const {
  const RedisNames names = Names(part);
  ScriptWords script = Of(Scripts().store, names, part);
  script.Key(names.Key(key)).Argument(std::to_string(static_cast<int>(replaced)));
  script.Argument(BytesOf(replaced_token));
  AddValue(token, write, script);
  return script;
}

// --- What all commands do -----------------------------------------------------------------------

absl::StatusOr<std::vector<SharedAnswer>> RedisTier::RunEach(const SharedPart& part,
                                                             std::span<const ScriptWords> scripts,
                                                             absl::Duration deadline) {
  std::vector<ScriptCall> calls;
  for (const ScriptWords& words : scripts) calls.push_back(words.call());
  uint64_t server = 0;
  absl::StatusOr<std::vector<Reply>> replies = client_->RunMany(calls, deadline, &server);
  if (!replies.ok()) return replies.status();
  std::vector<SharedAnswer> answers;
  for (const Reply& reply : *replies) {
    if (absl::Status status = StatusOf(reply); !status.ok()) return status;
    if (reply.is_nil() || server != part.server) {
      answers.push_back({.current = false});
      continue;
    }
    const std::vector<Reply>& fields = reply.elements;
    if (fields.size() != 2 || !fields[0].is_integer() || !fields[1].is_integer()) {
      return NotWhatWasExpected();
    }
    answers.push_back(
        {.won = fields[0].integer == 1, .sequence = static_cast<uint64_t>(fields[1].integer)});
  }
  return answers;
}

absl::StatusOr<SharedAnswer> RedisTier::RunAll(const SharedPart& part,
                                               std::span<const ScriptWords> scripts,
                                               absl::Duration deadline) {
  const auto answers = RunEach(part, scripts, deadline);
  if (!answers.ok()) return answers.status();
  for (const SharedAnswer& answer : *answers) {
    if (!answer.current) return answer;
  }
  return answers->empty() ? SharedAnswer() : answers->back();
}

ScriptWords RedisTier::Of(Script& script, const RedisNames& names, const SharedPart& part) {
  ScriptWords words(script);
  words.Key(names.hash()).Argument(GenerationText(part.generation));
  return words;
}

ScriptWords RedisTier::Of(Script& script, const RedisNames& names, const SharedPart& part,
                          const MessageBuilder& message) {
  ScriptWords words = Of(script, names, part);
  MessageBytes bytes = message.Finish();
  words.Argument(names.channel()).Argument(std::move(bytes.head)).Argument(std::move(bytes.tail));
  return words;
}

MessageBuilder RedisTier::MessageOf(const SharedPart& part, const SharedRecord& record) const {
  MessageBuilder message(origin_, part.generation);
  TRIVET_CHECK(message.Add(record.kind, record.version, record.token, record.name),
               "one record always fits");
  return message;
}

bool RedisTier::Fits(const SharedWrite& write) const {
  // The reply is the value and what the client counts for itself.
  constexpr size_t kBookkeeping = 256;
  size_t bytes = kValueHeaderBytes + write.value.size() + kBookkeeping;
  for (const std::string& tag : write.tags) bytes += 1 + tag.size();
  return bytes <= options_.redis.reply_bytes_max;
}

void RedisTier::AddValue(uint64_t token, const SharedWrite& write, ScriptWords& words) const {
  const absl::Duration life = write.ttl == absl::InfiniteDuration()
                                  ? options_.lasting_life
                                  : std::max(write.ttl, absl::Milliseconds(1));
  words.Argument(std::to_string(write.birth)).Argument(Millis(life));
  words.Argument(EncodeValue(token, write));
  for (const std::string& tag : write.tags) words.Argument(StampField(tag));
}

}  // namespace trivet::sync
