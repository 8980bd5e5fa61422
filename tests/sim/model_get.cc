// Get: memory, a flight of another reader, Redis, the store.
#include "tests/sim/model_operations.h"

namespace trivet::sim {

namespace {

// How a load stands with Redis.
enum class Standing : uint8_t {
  kBypasses,  // Redis was not asked, or does not answer, or another one holds the claim
  kHasValue,
  kHasClaim,
  kRenews,  // has a value that is due for a refresh
};

}  // namespace

Task Get(World& world, Process& process, uint32_t key) {
  const uint32_t part = world.settings().PartOf(key);
  const Checker::Reading reading = world.checker().Begin(process.index(), key, world.now());
  ++world.tally().reads;
  world.Note("process %u: get of key %u begins", process.index(), key);

  while (true) {
    if (const Entry* entry = process.Find(key, world.now())) {
      ++world.tally().memory_hits;
      world.Note("process %u: get of key %u ends in memory, version %u", process.index(), key,
                 entry->version);
      world.checker().End(reading, entry->version);
      co_return;
    }
    if (process.HasOpenWrite(key) && world.Keep(Rule::kOpenWritesBypass)) break;
    const Flight* joined = process.Joinable(key, world.now());
    if (joined == nullptr) break;
    const uint64_t joined_at = process.newest_tag_clock();
    while (joined->open) co_await Pause();
    if (process.MayShare(*joined, joined_at)) {
      ++world.tally().joins;
      world.Note("process %u: get of key %u ends joined, version %u", process.index(), key,
                 joined->version);
      world.checker().End(reading, joined->version);
      co_return;
    }
  }

  // A loader knows some tags before it reads, and the others only then.
  const TagSet expected = world.store().TagsOf(key, world.store().Current(key));
  const TagSet early_tags = expected & world.random().Next();
  const bool writes = process.HasOpenWrite(key) && world.Keep(Rule::kOpenWritesBypass);
  Flight& flight = process.BeginLoad(key, early_tags, world.now());
  Standing standing = Standing::kBypasses;
  Version version = 0;
  TagSet tags = 0;
  Version too_early = 0;
  if (!world.Keep(Rule::kStoreIsReadAfterTheClaim)) too_early = world.store().Current(key);

  // What Redis has. The sequence is read before the claim is placed: it is the birth of what the
  // claim will bring.
  co_await Pause();
  Command ask{.part = part, .generation = process.domain(part).generation, .key = key};
  uint64_t birth = 0;
  if (!writes && process.MayAskRedis(part, world.now())) {
    flight.used_redis = true;
    ask.kind = CommandKind::kReadSequence;
    const Reply at = co_await Ask(ask);
    birth = at.sequence;
    bool usable = at.status == ReplyStatus::kDone;
    if (usable && at.generation != ask.generation) {
      process.Distrust(part);
      usable = false;
    }
    Reply found;
    if (usable) {
      ask.kind = CommandKind::kClaim;
      ask.token = world.NewToken();
      found = co_await Ask(ask);
      while (found.status == ReplyStatus::kDone && !found.won &&
             found.seen.state == SlotState::kClaim && world.Coin()) {
        found = co_await Ask(ask);  // somebody else loads; wait a little
      }
      usable = found.status == ReplyStatus::kDone;
    }
    if (usable && found.won) {
      standing = Standing::kHasClaim;
    } else if (usable &&
               (found.seen.state == SlotState::kValue || found.seen.state == SlotState::kTomb)) {
      bool dead = found.seen.state == SlotState::kTomb;
      if (!dead && found.seen.tags != 0 && world.Keep(Rule::kStampsAreCheckedOnRead)) {
        ask.kind = CommandKind::kReadStamps;
        ask.tags = found.seen.tags;
        const Reply stamps = co_await Ask(ask);
        usable = stamps.status == ReplyStatus::kDone;
        dead = stamps.stamp > found.seen.birth;
      }
      const bool may_claim =
          found.seen.state == SlotState::kTomb || world.Keep(Rule::kDeadValuesAreClaimed);
      if (usable && dead && !may_claim) {
        // The load goes on without Redis.
      } else if (usable && dead) {
        ask.kind = CommandKind::kClaimOver;
        ask.instead_of = found.seen.token;
        const Reply claim = co_await Ask(ask);
        if (claim.status == ReplyStatus::kDone && claim.won) standing = Standing::kHasClaim;
      } else if (usable) {
        standing = world.random().OneIn(6) ? Standing::kRenews : Standing::kHasValue;
        version = found.seen.version;
        tags = found.seen.tags;
        ask.instead_of = found.seen.token;
      }
    }
  }

  bool may_keep = standing == Standing::kHasValue;
  if (may_keep) {
    ++world.tally().redis_hits;
  } else {
    co_await Pause();
    version = too_early != 0 ? too_early : world.store().Current(key);
    tags = world.store().TagsOf(key, version) | early_tags;
    co_await Pause();
    if (standing != Standing::kBypasses) {
      ask.kind = standing == Standing::kRenews ? CommandKind::kRenew : CommandKind::kFill;
      if (standing == Standing::kRenews) ask.token = world.NewToken();
      ask.version = version;
      ask.tags = tags;
      ask.birth = birth;
      const Reply filled = co_await Ask(ask);
      may_keep = filled.won || !world.Keep(Rule::kRefusedFillsStayOutOfMemory);
      if (filled.won) ++world.tally().fills;
    }
  }
  if (!world.Keep(Rule::kMemoryKeepsOnlyWhatRedisKeeps)) may_keep = true;
  co_await Pause();
  process.EndLoad(flight, version, tags, may_keep && !writes);
  world.Note("process %u: get of key %u ends, version %u%s%s", process.index(), key, version,
             may_keep ? " may keep" : "", process.Find(key, world.now()) ? " in memory" : "");
  world.checker().End(reading, version);
}

}  // namespace trivet::sim
