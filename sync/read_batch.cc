#include "sync/read_batch.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "sync/redis_status.h"
#include "sync/slot_codec.h"

namespace trivet::sync {
namespace {

using State = SharedFound::State;

absl::Status NotWhatWasExpected() {
  return MakeRedisStatus(RedisError::kProtocol, Executed::kMaybe, "not the reply to a read");
}

// A number in decimal; nothing counts as 0.
uint64_t NumberIn(const Reply& reply) {
  uint64_t number = 0;
  std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), number);
  return number;
}

// `millis` as PTTL has it: what is negative has no end, or is gone by now.
absl::Duration Remaining(absl::Duration ttl, int64_t millis) {
  if (ttl == absl::InfiniteDuration() || millis == -1) return ttl;
  return std::min(ttl, absl::Milliseconds(std::max<int64_t>(millis, 0)));
}

}  // namespace

ReadBatch::ReadBatch(RedisClient& client, const SharedPart& part,
                     std::span<const SharedRequest> requests, const std::string& claim_life,
                     absl::Duration deadline)
    : client_(client),
      part_(part),
      requests_(requests),
      claim_life_(claim_life),
      deadline_(deadline),
      names_(client.names(), part) {
  reading_.found.resize(requests.size());
}

absl::StatusOr<SharedReading> ReadBatch::Run() {
  absl::Status status = Ask();
  if (status.ok() && reading_.current) status = AskWithoutClaims();
  if (status.ok() && reading_.current) status = AskForStamps();
  if (!status.ok()) return status;
  if (!reading_.current) return SharedReading{.current = false, .sequence = 0, .found = {}};
  return std::move(reading_);
}

absl::Status ReadBatch::Ask() {
  Commands commands;
  absl::Status status = commands.Add({"HMGET", names_.hash(), "gen", "seq"});
  for (size_t i = 0; status.ok() && i < requests_.size(); ++i) {
    status = AddLook(i, requests_[i].token != 0, commands);
  }
  if (!status.ok()) return status;
  const absl::StatusOr<std::vector<Reply>> replies = Send(commands);
  if (!replies.ok()) return replies.status();
  const Reply& state = replies->front();
  if (absl::Status error = StatusOf(state); !error.ok()) return error;
  if (state.elements.size() != 2) return NotWhatWasExpected();
  CheckGeneration(state);
  reading_.sequence = NumberIn(state.elements[1]);
  for (size_t i = 0; i < requests_.size(); ++i) {
    const Reply& content = (*replies)[1 + 2 * i];
    if (KindOf(StatusOf(content)) == RedisError::kOutOfMemory) {
      without_memory_.push_back(i);
      continue;
    }
    absl::Status taken = Take(i, requests_[i].token != 0, content, (*replies)[2 + 2 * i]);
    if (!taken.ok()) return taken;
  }
  return absl::OkStatus();
}

absl::Status ReadBatch::AskWithoutClaims() {
  if (without_memory_.empty()) return absl::OkStatus();
  Commands commands;
  for (const size_t i : without_memory_) {
    if (absl::Status status = AddLook(i, false, commands); !status.ok()) return status;
  }
  const absl::StatusOr<std::vector<Reply>> replies = Send(commands);
  if (!replies.ok()) return replies.status();
  for (size_t n = 0; n < without_memory_.size(); ++n) {
    absl::Status taken = Take(without_memory_[n], false, (*replies)[2 * n], (*replies)[2 * n + 1]);
    if (!taken.ok()) return taken;
  }
  return absl::OkStatus();
}

absl::Status ReadBatch::AskForStamps() {
  std::map<std::string_view, uint64_t> stamps;  // by tag
  for (const SharedFound& found : reading_.found) {
    for (const std::string& tag : found.value.tags) stamps.emplace(tag, 0);
  }
  if (stamps.empty()) return absl::OkStatus();
  std::vector<std::string> fields = {"HMGET", names_.hash(), "gen", "forgotten"};
  for (const auto& [tag, stamp] : stamps) fields.push_back(StampField(tag));
  const std::vector<std::string_view> words(fields.begin(), fields.end());
  Commands commands;
  if (absl::Status status = commands.Add(words); !status.ok()) return status;
  const absl::StatusOr<std::vector<Reply>> replies = Send(commands);
  if (!replies.ok()) return replies.status();
  const Reply& reply = replies->front();
  if (absl::Status status = StatusOf(reply); !status.ok()) return status;
  if (reply.elements.size() != 2 + stamps.size()) return NotWhatWasExpected();
  CheckGeneration(reply);
  size_t next = 2;
  for (auto& [tag, stamp] : stamps) {
    const Reply& field = reply.elements[next++];
    stamp = NumberIn(field.is_nil() ? reply.elements[1] : field);
  }
  std::vector<SharedFound*> dead_ones;  // `stamps` refers to their tags
  for (SharedFound& found : reading_.found) {
    const bool dead =
        std::any_of(found.value.tags.begin(), found.value.tags.end(),
                    [&](const std::string& tag) { return stamps.at(tag) > found.value.birth; });
    if (dead) dead_ones.push_back(&found);
  }
  for (SharedFound* found : dead_ones) *found = {.state = State::kDead, .token = found->token};
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Reply>> ReadBatch::Send(const Commands& commands) {
  uint64_t server = 0;
  absl::StatusOr<std::vector<Reply>> replies = client_.CallMany(commands, deadline_, &server);
  if (replies.ok() && server != part_.server) reading_.current = false;
  return replies;
}

absl::Status ReadBatch::AddLook(size_t index, bool claims, Commands& commands) const {
  const std::string name = names_.Key(requests_[index].key);
  const absl::Status status = claims
                                  ? commands.Add({"SET", name, EncodeClaim(requests_[index].token),
                                                  "NX", "GET", "PX", claim_life_})
                                  : commands.Add({"GET", name});
  return status.ok() ? commands.Add({"PTTL", name}) : status;
}

absl::Status ReadBatch::Take(size_t index, bool claims, const Reply& content,
                             const Reply& remaining) {
  SharedFound& found = reading_.found[index];
  absl::Status status = StatusOf(content);
  if (KindOf(status) == RedisError::kWrongType) {
    found.state = State::kDead;
    return absl::OkStatus();
  }
  if (!status.ok()) return status;
  if (content.is_nil()) {
    if (claims) found = {.state = State::kClaimed, .token = requests_[index].token};
    return absl::OkStatus();
  }
  std::optional<Slot> slot = DecodeSlot(content.text);
  found.token = TokenOf(content.text);
  found.state = State::kDead;
  if (!slot) return absl::OkStatus();
  switch (slot->state) {
    case SlotState::kTomb:
      break;
    case SlotState::kClaim:
      found.state = State::kClaim;
      break;
    case SlotState::kWriting:
      found.state = State::kWriting;
      break;
    case SlotState::kValue:
      found.state = State::kValue;
      found.value = {.value = std::string(slot->value),
                     .negative = slot->negative,
                     .version = slot->version,
                     .tags = std::move(slot->tags),
                     .birth = slot->birth,
                     .ttl = slot->ttl,
                     .remaining = Remaining(slot->ttl, remaining.integer)};
      break;
  }
  return absl::OkStatus();
}

void ReadBatch::CheckGeneration(const Reply& reply) {
  if (reply.elements[0].text != GenerationText(part_.generation)) reading_.current = false;
}

}  // namespace trivet::sync
