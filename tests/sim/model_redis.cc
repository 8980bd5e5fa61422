#include "tests/sim/model_redis.h"

#include <algorithm>
#include <limits>

namespace trivet::sim {

namespace {

Slot ValueOf(const Command& command) {
  return {.state = SlotState::kValue,
          .generation = command.generation,
          .token = command.token,
          .version = command.version,
          .tags = command.tags,
          .birth = command.birth,
          .until = std::numeric_limits<Tick>::max()};
}

// What a slot knows of committed versions, whatever it holds.
Version FloorOf(const Slot& slot) { return std::max(slot.floor, slot.version); }

}  // namespace

bool RedisPart::Is(const Slot& slot, SlotState state, Tick now) const {
  const bool there = slot.state != SlotState::kAbsent && slot.until > now;
  return there ? slot.state == state : state == SlotState::kAbsent;
}

Reply RedisPart::Execute(const Command& command, Tick now) {
  published_.clear();
  Reply reply;
  const bool bound_to_generation =
      command.kind != CommandKind::kFence && command.kind != CommandKind::kReadSequence &&
      command.kind != CommandKind::kClaim &&  // a native command, which cannot ask
      (command.kind != CommandKind::kFill || settings_.Keep(Rule::kFillNeedsItsGeneration));
  if (bound_to_generation && command.generation != data_.generation) {
    reply.status = ReplyStatus::kStale;
    return reply;
  }
  switch (command.kind) {
    case CommandKind::kReadSequence:
      break;
    case CommandKind::kClaim:
      Claim(command, now, reply);
      break;
    case CommandKind::kClaimOver:
      ClaimOver(command, now, reply);
      break;
    case CommandKind::kReadStamps:
      reply.stamp = StampOf(command.tags);
      break;
    case CommandKind::kFill:
    case CommandKind::kRenew:
      Fill(command, now, reply);
      break;
    case CommandKind::kBeginWrite:
      BeginWrite(command, now, reply);
      break;
    case CommandKind::kEndWrite:
      EndWrite(command, now, reply);
      break;
    case CommandKind::kInvalidateTag:
      data_.stamps[command.tag] = Publish(RecordKind::kTag, command).sequence;
      data_.known[command.tag] = true;
      break;
    case CommandKind::kClear:
      data_.generation = ++generations_;
      Publish(RecordKind::kClear, command).previous = command.generation;
      break;
    case CommandKind::kScan:
      Scan(command, now);
      break;
    case CommandKind::kPatternRecord:
      Publish(RecordKind::kPattern, command);
      break;
    case CommandKind::kFence:
      Fence(command);
      break;
  }
  reply.generation = data_.generation;
  reply.sequence = data_.sequence;
  reply.run = run_;
  return reply;
}

Slot& RedisPart::SlotOf(const Command& command, Tick now) {
  Slot& slot = data_.slots[command.key];
  if (slot.generation != command.generation || slot.until <= now) slot = Slot();
  return slot;
}

void RedisPart::Claim(const Command& command, Tick now, Reply& reply) {
  Slot& slot = SlotOf(command, now);
  reply.seen = slot;
  if (!Is(slot, SlotState::kAbsent, now)) return;
  reply.won = true;
  slot = {.state = SlotState::kClaim,
          .generation = command.generation,
          .token = command.token,
          .until = now + settings_.claim_life};
}

void RedisPart::ClaimOver(const Command& command, Tick now, Reply& reply) {
  Slot& slot = SlotOf(command, now);
  reply.seen = slot;
  const bool mine = slot.token == command.instead_of || Is(slot, SlotState::kAbsent, now);
  if (!mine && settings_.Keep(Rule::kClaimOverNeedsItsToken)) return;
  reply.won = true;
  slot = {.state = SlotState::kClaim,
          .generation = command.generation,
          .token = command.token,
          .floor = FloorOf(slot),
          .until = now + settings_.claim_life};
}

void RedisPart::Fill(const Command& command, Tick now, Reply& reply) {
  Slot& slot = SlotOf(command, now);
  const bool renews = command.kind == CommandKind::kRenew;
  const Rule rule = renews ? Rule::kRenewNeedsItsValue : Rule::kFillNeedsItsClaim;
  const bool same = renews ? Is(slot, SlotState::kValue, now) && slot.token == command.instead_of
                           : Is(slot, SlotState::kClaim, now) && slot.token == command.token;
  if (!same && settings_.Keep(rule)) return;
  if (StampOf(command.tags) > command.birth && settings_.Keep(Rule::kStampsGuardStores) &&
      settings_.Keep(Rule::kLoadsAreBornBeforeTheirClaim)) {
    slot = Slot();  // nobody need wait for this claim
    return;
  }
  reply.won = true;
  slot = ValueOf(command);
  if (!settings_.Keep(Rule::kLoadsAreBornBeforeTheirClaim)) slot.birth = data_.sequence;
}

void RedisPart::BeginWrite(const Command& command, Tick now, Reply& reply) {
  Slot& slot = SlotOf(command, now);
  reply.won = true;
  slot = {.state = SlotState::kWriting,
          .generation = command.generation,
          .token = command.token,
          .floor = FloorOf(slot),
          .until = now + settings_.claim_life};
  Publish(RecordKind::kWriting, command).version = 0;  // counts as newer than anything
}

// The first that applies: the own mark becomes the value, another's mark stays, a newer value
// stays, and whatever else is there, nothing included, becomes a tomb.
void RedisPart::EndWrite(const Command& command, Tick now, Reply& reply) {
  Slot& slot = SlotOf(command, now);
  const Version version = settings_.versioned ? command.version : 0;
  const bool writing = Is(slot, SlotState::kWriting, now);
  const bool own = writing && command.token != 0 && slot.token == command.token;
  const bool absent = Is(slot, SlotState::kAbsent, now);
  const bool newest =
      !settings_.Keep(Rule::kFloorHoldsBackOlderWrites) || version == 0 || version > slot.floor;
  const bool in_order = newest && (!slot.dirtied || !settings_.Keep(Rule::kForeignMarksAreDirtied));
  const bool tags_are_good = StampOf(command.tags) <= command.birth ||
                             !settings_.Keep(Rule::kStampsGuardStores) ||
                             !settings_.Keep(Rule::kSetsAreBornBeforeTheirCommit);
  const bool may_replace = (own && in_order) ||
                           (absent && !settings_.Keep(Rule::kNothingIsStoredOverAbsence)) ||
                           (!absent && !settings_.Keep(Rule::kOnlyTheOwnMarkBecomesAValue));
  if (command.with_value && may_replace && tags_are_good) {
    reply.won = true;
    slot = ValueOf(command);
    if (!settings_.Keep(Rule::kSetsAreBornBeforeTheirCommit)) slot.birth = data_.sequence;
  } else if (writing && !own) {
    slot.floor = std::max(slot.floor, version);
    if (version == 0) slot.dirtied = true;
  } else if (Is(slot, SlotState::kValue, now) && version > 0 && slot.version >= version) {
  } else if (!settings_.Keep(Rule::kTombInsteadOfNothing)) {
    slot = Slot();
  } else {
    slot = {.state = SlotState::kTomb,
            .generation = command.generation,
            .token = command.token,
            .floor = std::max(FloorOf(slot), version),
            .until = now + settings_.claim_life};
  }
  Publish(RecordKind::kKey, command);
}

void RedisPart::Scan(const Command& command, Tick now) {
  Slot& slot = SlotOf(command, now);
  if (settings_.Keep(Rule::kScanTakesClaims) || Is(slot, SlotState::kValue, now)) slot = Slot();
}

void RedisPart::Fence(const Command& command) {
  const bool other_server = data_.fenced_run != run_ && settings_.Keep(Rule::kFenceAfterFailover);
  if (has_generation() && !other_server) return;
  const bool same_again = !has_generation() && !settings_.Keep(Rule::kGenerationGuardsTheSequence);
  data_.generation = same_again ? 1 : ++generations_;
  data_.fenced_run = run_;
  Publish(RecordKind::kFence, command);
}

Record& RedisPart::Publish(RecordKind kind, const Command& command) {
  published_.push_back({.kind = kind,
                        .generation = data_.generation,
                        .sequence = ++data_.sequence,
                        .key = command.key,
                        .tag = command.tag,
                        .keys = command.keys,
                        .version = settings_.versioned ? command.version : 0,
                        .token = command.token});
  return published_.back();
}

uint64_t RedisPart::StampOf(TagSet tags) const {
  uint64_t newest = 0;
  for (uint32_t tag = 0; tag < kTagCount; ++tag) {
    if (!Has(tags, tag)) continue;
    newest = std::max(newest, data_.known[tag] ? data_.stamps[tag] : data_.forgotten);
  }
  return newest;
}

void RedisPart::PruneStamp(uint32_t tag) {
  if (!data_.known[tag]) return;
  data_.known[tag] = false;
  if (!settings_.Keep(Rule::kStampsAreNeverLostAlone)) return;
  data_.forgotten = std::max(data_.forgotten, data_.stamps[tag]);
}

void RedisPart::ForgetHash() {
  const std::array<Slot, kMaxKeys> slots = data_.slots;
  data_ = Data();
  data_.slots = slots;
}

const Slot* RedisPart::Believable(uint32_t key, Tick now) const {
  const Slot& slot = data_.slots[key];
  const bool shown = has_generation() && slot.generation == data_.generation &&
                     Is(slot, SlotState::kValue, now) && StampOf(slot.tags) <= slot.birth;
  return shown ? &slot : nullptr;
}

}  // namespace trivet::sim
