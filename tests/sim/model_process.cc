#include "tests/sim/model_process.h"

#include <algorithm>

namespace trivet::sim {

Process::Process(const Settings& settings, uint32_t index) : settings_(settings), index_(index) {}

// --- Memory
// ---------------------------------------------------------------------------------------

uint64_t Process::StampOf(TagSet tags) const {
  uint64_t newest = 0;
  for (uint32_t tag = 0; tag < kTagCount; ++tag) {
    if (!Has(tags, tag)) continue;
    newest = std::max(newest, tag_known_[tag] ? tag_clocks_[tag] : forgotten_);
  }
  return newest;
}

bool Process::IsAlive(const Entry& entry, const Domain& domain) const {
  return entry.present && entry.epoch == domain.epoch && StampOf(entry.tags) <= entry.birth;
}

const Entry* Process::Find(uint32_t key, Tick now) const {
  const Domain& domain = domains_[settings_.PartOf(key)];
  const bool proven = now < domain.memory_until || !settings_.Keep(Rule::kMemoryNeedsAProof);
  return proven && IsAlive(entries_[key], domain) ? &entries_[key] : nullptr;
}

void Process::ForgetTag(uint32_t tag) {
  if (!tag_known_[tag]) return;
  tag_known_[tag] = false;
  if (!settings_.Keep(Rule::kForgottenTagsAreRemembered)) return;
  forgotten_ = std::max(forgotten_, tag_clocks_[tag]);
}

// --- Flights
// --------------------------------------------------------------------------------------

Flight& Process::BeginLoad(uint32_t key, TagSet early_tags, Tick now) {
  return flights_.emplace_back(Flight{.key = key,
                                      .began = now,
                                      .birth = clock_,
                                      .epoch = domain_of(key).epoch,
                                      .early_tags = early_tags});
}

Flight& Process::BeginWrite(uint32_t key, Token token, Tick now) {
  ApplyKey(key, 0, 0);
  return flights_.emplace_back(Flight{.writes = true,
                                      .key = key,
                                      .began = now,
                                      .birth = clock_,
                                      .epoch = domain_of(key).epoch,
                                      .token = token});
}

bool Process::HasOpenWrite(uint32_t key) const {
  return std::any_of(flights_.begin(), flights_.end(), [&](const Flight& flight) {
    return flight.open && flight.writes && flight.key == key;
  });
}

const Flight* Process::Joinable(uint32_t key, Tick now) {
  const Domain& domain = domain_of(key);
  for (const Flight& flight : flights_) {
    if (!flight.open || flight.writes || flight.key != key) continue;
    if (flight.poisoned && settings_.Keep(Rule::kPoisonedFlightsAreNotJoined)) continue;
    if (flight.epoch != domain.epoch && settings_.Keep(Rule::kFlightsDieWithTheirEpoch)) continue;
    const bool proven = now < domain.memory_until;
    const bool from_the_store = !flight.used_redis && now - flight.began < settings_.bound;
    if (!proven && !from_the_store && settings_.Keep(Rule::kJoiningNeedsAProof)) continue;
    return &flight;
  }
  return nullptr;
}

bool Process::MayShare(const Flight& flight, uint64_t tag_clock_at_joining) const {
  return !flight.fenced_by_tag || tag_clock_at_joining <= flight.birth ||
         !settings_.Keep(Rule::kJoinersOfFencedLoadsAsk);
}

void Process::Keep(const Flight& flight, Version version, TagSet tags, Token token) {
  Entry& entry = entries_[flight.key];
  const bool newer_is_there =
      settings_.versioned && entry.version > version && IsAlive(entry, domain_of(flight.key));
  if (newer_is_there) return;
  entry = {.present = true,
           .version = version,
           .token = token,
           .birth = flight.birth,
           .epoch = settings_.Keep(Rule::kFlightsDieWithTheirEpoch) ? flight.epoch
                                                                    : domain_of(flight.key).epoch,
           .tags = tags};
}

void Process::EndLoad(Flight& flight, Version version, TagSet tags, bool may_keep) {
  const Domain& domain = domain_of(flight.key);
  flight.open = false;
  flight.version = version;
  flight.fenced_by_tag = StampOf(tags) > flight.birth && settings_.Keep(Rule::kLateTagsAreChecked);
  const bool same_epoch =
      flight.epoch == domain.epoch || !settings_.Keep(Rule::kFlightsDieWithTheirEpoch);
  const bool covered = domain.covered || !settings_.Keep(Rule::kNoCoverageNoEntry);
  if (may_keep && same_epoch && covered && !flight.poisoned && !flight.fenced_by_tag) {
    Keep(flight, version, tags, 0);
    // Without the rule nothing looks at tags that were invalidated before they were declared.
    if (!settings_.Keep(Rule::kLateTagsAreChecked)) entries_[flight.key].birth = clock_;
  }
}

void Process::EndWrite(Flight& flight, Version version, TagSet tags, bool told, bool stored) {
  const Domain& domain = domain_of(flight.key);
  flight.open = false;
  const bool fenced = StampOf(tags) > flight.birth && settings_.Keep(Rule::kTagsGuardSetsInMemory);
  const bool newest = !flight.overtaken && flight.floor <= version;
  const bool order_is_known = settings_.versioned || stored;
  const bool good =
      told && order_is_known && newest && !fenced && domain.covered && flight.epoch == domain.epoch;
  if (settings_.Keep(Rule::kPoisonAfterRedis)) {
    ApplyKey(flight.key, settings_.versioned ? version : 0, flight.token);
  }
  if (good) {
    Keep(flight, version, tags, flight.token);
    if (!settings_.Keep(Rule::kTagsGuardSetsInMemory)) entries_[flight.key].birth = clock_;
  } else if (!settings_.Keep(Rule::kSetIntoMemoryIsChecked)) {
    entries_[flight.key] = {.present = true,
                            .version = version,
                            .token = flight.token,
                            .birth = clock_,
                            .epoch = domain.epoch,
                            .tags = tags};
  }
}

// --- Invalidation
// ---------------------------------------------------------------------------------

void Process::Apply(const Change& change) {
  switch (change.kind) {
    case ChangeKind::kKey:
      ApplyKey(change.key, settings_.versioned ? change.version : 0, 0);
      break;
    case ChangeKind::kTag:
      ApplyTag(change.tag);
      break;
    case ChangeKind::kClear:
      for (uint32_t part = 0; part < settings_.parts; ++part) BumpEpoch(part);
      break;
    case ChangeKind::kPattern:
      ApplyPattern(change.keys);
      break;
  }
}

void Process::ApplyKey(uint32_t key, Version version, Token token) {
  ++clock_;
  Entry& entry = entries_[key];
  const bool newer = version > 0 && entry.version >= version;
  const bool own = token != 0 && entry.token == token;
  if (!newer && !own) entry.present = false;
  if (!settings_.Keep(Rule::kInvalidationPoisonsFlights)) return;
  for (Flight& flight : flights_) {
    if (!flight.open || flight.key != key) continue;
    if (!flight.writes) {
      flight.poisoned = true;
    } else if (token == 0 || flight.token != token) {
      if (version == 0) flight.overtaken = true;
      flight.floor = std::max(flight.floor, version);
    }
  }
}

void Process::ApplyTag(uint32_t tag) {
  tag_clocks_[tag] = newest_tag_clock_ = ++clock_;
  tag_known_[tag] = true;
  if (!settings_.Keep(Rule::kEarlyTagsPoison)) return;
  for (Flight& flight : flights_) {
    if (flight.open && !flight.writes && Has(flight.early_tags, tag)) flight.poisoned = true;
  }
}

void Process::ApplyPattern(KeySet keys) {
  ++clock_;
  for (uint32_t key = 0; key < settings_.keys; ++key) {
    if (Has(keys, key)) entries_[key].present = false;
  }
  if (!settings_.Keep(Rule::kPatternPoisonsFlights)) return;
  for (Flight& flight : flights_) {
    if (!flight.open || !Has(keys, flight.key)) continue;
    (flight.writes ? flight.overtaken : flight.poisoned) = true;
  }
}

// --- Changes that Redis could not be told
// ---------------------------------------------------------

void Process::AddPending(ChangeId change, uint32_t part, bool of_a_key) {
  if (!settings_.Keep(Rule::kPendingSet)) return;
  if (!of_a_key && !settings_.Keep(Rule::kPendingSetHoldsGroups)) return;
  pending_.emplace_back(change, part);
}

void Process::RemovePending(ChangeId change, uint32_t part) {
  std::erase(pending_, std::pair(change, part));
}

bool Process::MayAskRedis(uint32_t part, Tick now) const {
  const Domain& domain = domains_[part];
  const bool proven = now < domain.redis_until || !settings_.Keep(Rule::kRedisNeedsAProof);
  return domain.trusted && proven &&
         std::none_of(pending_.begin(), pending_.end(),
                      [&](const auto& change) { return change.second == part; });
}

}  // namespace trivet::sim
