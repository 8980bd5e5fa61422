// The frame: opening and closing, the time, the tale of the listener.
#include "tests/support/twin_cache.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace trivet::testing {
namespace {

// Beyond this a budget is roomy: nothing is ever evicted.
constexpr size_t kTightBytes = 1 << 20;
constexpr size_t kPinsMax = 16;
constexpr const char* kSpaceNames[TwinCache::kSpaces] = {"s0", "s1", "s2"};

int NumberIn(std::string_view name) {
  int number = 0;
  for (const char digit : name.substr(1)) number = number * 10 + (digit - '0');
  return number;
}

}  // namespace

TwinCache::TwinCache(const Options& options) : options_(options) {
  for (int key = 0; key < options.keys; ++key) keys_.push_back(absl::StrCat("k", key));
  CacheOptions cache_options{
      .memory_bytes = options.memory_bytes,
      .max_entries = options.max_entries,
      .shards = options.shards,
      .policy = options.policy,
      .value_bytes_max = options.value_bytes_max,
      .removal_listener =
          [this](const Removal& removal) {
            departures_.push_back({{NumberIn(removal.namespace_name), NumberIn(removal.key)},
                                   std::string(removal.value.bytes()),
                                   removal.cause});
          },
      .background_maintenance = false,
      .clock = &clock_};
  if (options.store) {
    rows_behind_ = std::make_shared<MemoryBacking>(&clock_);
    store_ = std::make_shared<FaultyBacking>(rows_behind_);
    cache_options.backing = store_;
  }
  absl::StatusOr<std::unique_ptr<Cache>> cache = Cache::Open(std::move(cache_options));
  if (!cache.ok()) {
    Check(false, cache.status().ToString());
    return;
  }
  cache_ = *std::move(cache);
  spaces_.push_back(cache_->In(kSpaceNames[0], {}));
  spaces_.push_back(cache_->In(kSpaceNames[1], {.ttl = absl::Milliseconds(40)}));
  spaces_.push_back(cache_->In(
      kSpaceNames[2],
      {.ttl = absl::Milliseconds(200), .idle_ttl = absl::Milliseconds(32), .use_backing = false}));
  SetCapacity({.memory_bytes = options.memory_bytes, .max_entries = options.max_entries});
}

void TwinCache::SetCapacity(const Capacity& capacity) {
  max_entries_ = capacity.max_entries;
  limit_per_value_ =
      capacity.memory_bytes == 0 ? size_t{1} << 30 : capacity.memory_bytes / options_.shards / 8;
  evicts_by_bytes_ = capacity.memory_bytes != 0 && capacity.memory_bytes < kTightBytes;
}

TwinCache::~TwinCache() {
  if (failed_) {
    // The model lost track; there is nothing more to learn.
    pins_.clear();
    return;
  }
  CheckAll(7);
  for (const Pin& pin : pins_) Same(pin.value.bytes(), pin.bytes, "the bytes of a pinned value");
  const bool pinned = !pins_.empty();
  Same(cache_->Close().ok(), !pinned, "Close with pins out");
  pins_.clear();
  Check(cache_->Close().ok(), "Close when the last pin is gone");
  Check(!spaces_[0].Get("k0").ok(), "a closed cache refuses");
}

uint64_t TwinCache::VersionOf(Name name) {
  if (HasStore(name.space)) {
    const Row* row = FindRow(name);
    return row == nullptr ? 1 : row->version;
  }
  const ModelEntry* entry = memory_.Find(name);
  return entry == nullptr ? std::max<uint64_t>(newest_versions_[name], 1) : entry->version;
}

// --- Time and upkeep
// ------------------------------------------------------------------------------

void TwinCache::Advance(absl::Duration by) {
  Begin("Advance", {});
  clock_.Advance(by);
  memory_.SetNow(absl::ToInt64Milliseconds(clock_.Elapsed()));
  End();
}

void TwinCache::Maintain(size_t budget) {
  Begin("Maintain", {});
  const bool more = cache_->Maintain(budget);
  AcceptDepartures();
  if (!more) {
    memory_.ForEach([this](Name, const ModelEntry& entry) {
      Check(memory_.IsLive(entry), "Maintain left a dead entry and says that it is done");
    });
  }
  End();
}

void TwinCache::Resize(const Capacity& capacity) {
  Begin("Resize", {});
  Check(cache_->Resize(capacity).ok(), "Resize");
  SetCapacity(capacity);
  End();
}

// --- The frame of an operation
// --------------------------------------------------------------------

void TwinCache::Begin(const char* what, Name name) {
  steps_[operations_ % steps_.size()] = {what, name, memory_.now(), depth_};
  ++operations_;
  ++depth_;
}

void TwinCache::End() {
  --depth_;
  AcceptDepartures();
  if (!departures_.empty()) {
    const Departure& departure = departures_.front();
    Check(false, absl::StrCat("an entry left that should have stayed: s", departure.name.space,
                              " k", departure.name.key, ", ", RemovalCauseName(departure.cause)));
  }
  if (max_entries_ != 0) Check(memory_.size() <= max_entries_, "more entries than max_entries");
  if (evicts_by_bytes_) {
    const Stats stats = cache_->stats();
    Check(stats.bytes + stats.index_bytes <= stats.memory_limit, "more bytes than memory_bytes");
  }
}

// --- What the listener told
// -----------------------------------------------------------------------

void TwinCache::ExpectDeparture(Name name, RemovalCause cause) {
  const auto departure = std::find_if(departures_.begin(), departures_.end(),
                                      [name](const Departure& one) { return one.name == name; });
  if (departure == departures_.end()) {
    Check(false, absl::StrCat("an entry did not leave as ", RemovalCauseName(cause)));
    return;
  }
  Same(departure->cause, cause, "the cause of a removal");
  Same(departure->bytes, memory_.Find(name)->bytes, "the value of a removal");
  CountDeparture(*departure);
  departures_.erase(departure);
  memory_.Erase(name);
}

void TwinCache::AcceptDepartures() {
  while (!departures_.empty() && IsAcceptable(departures_.front())) {
    CountDeparture(departures_.front());
    memory_.Erase(departures_.front().name);
    departures_.pop_front();
  }
}

// Whether the model holds such an entry, and it may go for that reason now.
bool TwinCache::IsAcceptable(const Departure& departure) {
  const ModelEntry* entry = memory_.Find(departure.name);
  if (entry == nullptr || entry->bytes != departure.bytes) return false;
  switch (departure.cause) {
    case RemovalCause::kExpired:
      return memory_.IsExpired(*entry);
    case RemovalCause::kInvalidated:
      return entry->killed;
    case RemovalCause::kEvicted: {
      if (!memory_.IsLive(*entry)) return false;
      const bool room_is_needed =
          evicts_by_bytes_ || (max_entries_ != 0 && memory_.size() > max_entries_);
      // A batch through the store goes into memory in an order that only the cache knows.
      const bool is_order_known =
          options_.policy == std::string_view("lru") && options_.shards == 1 && !options_.store;
      return room_is_needed && (!is_order_known || memory_.LeastRecentlyUsed() == departure.name);
    }
    default:
      return false;
  }
}

void TwinCache::CountDeparture(const Departure& departure) {
  Stats& counters = CountersOf(departure.name.space);
  switch (departure.cause) {
    case RemovalCause::kExplicit:
      ++counters.removed_explicit;
      break;
    case RemovalCause::kReplaced:
      ++counters.replaced;
      break;
    case RemovalCause::kExpired:
      ++counters.expired;
      break;
    case RemovalCause::kEvicted:
      ++counters.evicted;
      break;
    case RemovalCause::kInvalidated:
      ++counters.invalidated;
      break;
    case RemovalCause::kOversize:
      ++counters.oversize;
      break;
  }
}

void TwinCache::Install(Name name, ModelEntry entry) {
  AcceptDepartures();
  if (memory_.Find(name) != nullptr) {
    Check(false, "an entry was linked beside another one of its key");
    return;
  }
  memory_.Install(name, std::move(entry));
  ++CountersOf(name.space).sets;
  AcceptDepartures();
}

void TwinCache::KeepPinned(Value value, std::string_view bytes) {
  // Some of those that are offered, and each for a while.
  if (!options_.pins || !value || operations_ % 5 != 0) return;
  if (pins_.size() < kPinsMax) {
    pins_.push_back({std::move(value), std::string(bytes)});
    return;
  }
  Pin& pin = pins_[operations_ / 5 % kPinsMax];
  Same(pin.value.bytes(), pin.bytes, "the bytes of a pinned value");
  pin = {std::move(value), std::string(bytes)};
}

// --- Plans in the words of the cache
// --------------------------------------------------------------

absl::Duration TwinCache::TtlOf(int space, const SetPlan& plan) const {
  constexpr Ms kDefaults[kSpaces] = {kForever, 40, 200};
  return plan.ttl.value_or(FromMs(kDefaults[space]));
}

ModelEntry TwinCache::NewEntry(int space, std::string bytes, const SetPlan& plan) const {
  const Ms ttl = CeilMs(TtlOf(space, plan));
  const Ms now = memory_.now();
  return {.bytes = std::move(bytes),
          .version = 0,
          .created = now,
          .expires = ttl == kForever ? kForever : now + ttl,
          .idle = plan.idle_ttl.has_value() ? CeilMs(*plan.idle_ttl)
                  : space == 2              ? 32
                                            : kForever,
          .stamp = now,
          .tags = plan.tags};
}

SetOptions TwinCache::OptionsOf(const SetPlan& plan) const {
  return {.ttl = plan.ttl,
          .idle_ttl = plan.idle_ttl,
          .tags = TagNames(plan.tags),
          .when = plan.when,
          .if_version = plan.when == SetWhen::kIfVersion ? plan.if_version : 0};
}

std::vector<std::string> TwinCache::TagNames(uint32_t tags) {
  std::vector<std::string> names;
  for (int tag = 0; tag < kTags; ++tag) {
    if ((tags >> tag & 1) != 0) names.push_back(absl::StrCat("t", tag));
  }
  if (names.size() == 2) names.push_back(names.front());  // duplicates count once
  return names;
}

uint32_t TwinCache::TagBits(const std::vector<std::string>& names) {
  uint32_t tags = 0;
  for (const std::string& name : names) tags |= uint32_t{1} << NumberIn(name);
  return tags;
}

std::vector<std::string_view> TwinCache::KeysOf(const std::vector<int>& keys) const {
  std::vector<std::string_view> views;
  for (const int key : keys) views.push_back(keys_[static_cast<size_t>(key)]);
  return views;
}

}  // namespace trivet::testing
