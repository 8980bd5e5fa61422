// Writes that go through to the store, and the store's faults.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/twin_cache.h"

namespace trivet::testing {

TwinCache::Row* TwinCache::FindRow(Name name) {
  const auto found = rows_.find(name);
  if (found == rows_.end() || found->second.expires_at <= clock_.WallTime()) return nullptr;
  return &found->second;
}

// --- Set
// ------------------------------------------------------------------------------------------

void TwinCache::SetThrough(int space, const std::vector<Item>& items, const SetPlan& plan,
                           const absl::StatusOr<std::vector<SetResult>>& results) {
  std::vector<int> keys;
  for (const Item& item : items) keys.push_back(item.key);
  if (IsFault(results.status())) {
    FailedWrite(space, keys, results.status());
    return;
  }
  Check(results.ok(), "Set: " + results.status().ToString());
  if (!results.ok()) return;
  CountersOf(space).store_writes += items.size();
  AcceptDepartures();
  std::map<Name, ModelEntry> fresh;
  std::map<Name, RemovalCause> leaving;
  for (size_t i = 0; i < items.size(); ++i) {
    const Name name{space, items[i].key};
    const SetResult expected = SetRow(name, items[i].value, plan, (*results)[i]);
    Same((*results)[i].applied, expected.applied, "whether a Set applied");
    Same((*results)[i].version, expected.version, "the version of a Set");
    if (!expected.applied) continue;
    fresh[name] = NewEntry(space, items[i].value, plan);
    fresh[name].version = expected.version;
  }
  for (const int key : keys) {
    const Name name{space, key};
    if (fresh.contains(name)) {
      FenceKey(name);
      continue;
    }
    DoubtKey(name);
    // Memory's copy is older than what the store compared with, or may be.
    if (plan.when != SetWhen::kIfAbsent) leaving.emplace(name, RemovalCause::kInvalidated);
  }
  InstallAll(std::move(fresh), std::move(leaving));
}

// The store's answer to one Set. `result` gives the version, which is the store's to choose.
SetResult TwinCache::SetRow(Name name, const std::string& value, const SetPlan& plan,
                            SetResult result) {
  const Row* row = FindRow(name);
  const bool holds =
      plan.when == SetWhen::kAlways || (plan.when == SetWhen::kIfAbsent && row == nullptr) ||
      (plan.when == SetWhen::kIfPresent && row != nullptr) ||
      (plan.when == SetWhen::kIfVersion && row != nullptr && row->version == plan.if_version);
  if (!holds) return {false, row == nullptr ? 0 : row->version};
  const absl::Duration ttl = TtlOf(name.space, plan);
  rows_[name] = {.value = value,
                 .version = NewestVersion(name, result.version),
                 .expires_at = clock_.WallTime() + ttl,
                 .tags = plan.tags};
  return {true, result.version};
}

// Memory takes new entries and lets go of others, one after the other in an order that the cache
// chooses; and each that comes may push out any that is there at that moment.
void TwinCache::InstallAll(std::map<Name, ModelEntry> fresh, std::map<Name, RemovalCause> leaving) {
  for (auto it = fresh.begin(); it != fresh.end();) {
    if (Fits(it->second.bytes)) {
      ++it;
      continue;
    }
    if (memory_.FindLive(it->first) == nullptr) ++CountersOf(it->first.space).oversize;
    leaving.emplace(it->first, RemovalCause::kOversize);
    it = fresh.erase(it);
  }
  while (!departures_.empty()) {
    const Departure departure = departures_.front();
    const Name name = departure.name;
    const ModelEntry* entry = memory_.Find(name);
    const auto arrival = fresh.find(name);
    const bool was_there = entry != nullptr && entry->bytes == departure.bytes;
    const bool has_arrived =
        entry == nullptr && arrival != fresh.end() && arrival->second.bytes == departure.bytes;
    if (has_arrived) {
      Install(name, std::move(arrival->second));
      fresh.erase(arrival);
    }
    if (was_there && departure.cause == RemovalCause::kReplaced && arrival != fresh.end()) {
      ExpectDeparture(name, RemovalCause::kReplaced);
      Install(name, std::move(arrival->second));
      fresh.erase(arrival);
    } else if (was_there && leaving.contains(name) && leaving[name] == departure.cause) {
      ExpectDeparture(name, departure.cause);
    } else if ((was_there || has_arrived) && departure.cause == RemovalCause::kEvicted) {
      // Whether there was need is known only when all have arrived: see End.
      Check(was_there ? memory_.IsLive(*entry) : true, "a dead entry is evicted");
      if (memory_.Find(name) != nullptr) ExpectDeparture(name, RemovalCause::kEvicted);
    } else if (IsAcceptable(departure)) {
      AcceptDepartures();
    } else {
      break;
    }
  }
  for (const auto& [name, cause] : leaving) {
    Check(memory_.FindLive(name) == nullptr,
          absl::StrCat("an entry did not leave as ", RemovalCauseName(cause)));
  }
  for (auto& [name, entry] : fresh) {
    Check(memory_.Find(name) == nullptr, "a Set replaced nothing");
    Install(name, std::move(entry));
  }
}

// --- Increment and Touch
// --------------------------------------------------------------------------

void TwinCache::IncrementThrough(Name name, int64_t by, const absl::StatusOr<int64_t>& result) {
  Stats& counters = CountersOf(name.space);
  DoubtKey(name);
  ++counters.store_reads;
  if (IsFault(result.status()) && faulty_call_ == 1) {  // the read failed
    ++counters.store_errors;
    return;
  }
  const Row* row = FindRow(name);
  if (row != nullptr) ++counters.store_hits;
  if (IsFault(result.status())) {
    FailedWrite(name.space, {name.key}, result.status());
    return;
  }
  if (!CheckSum(row == nullptr ? "0" : row->value, by, result)) return;
  ++counters.store_writes;
  const absl::Time expires_at =
      row == nullptr ? clock_.WallTime() + TtlOf(name.space, {}) : row->expires_at;
  const uint32_t tags = row == nullptr ? 0 : row->tags;
  const auto stored = *rows_behind_->Read(SpaceOf(name.space).name(), KeyOf(name));
  if (!stored.has_value()) {
    Check(false, "Increment wrote nothing");
    return;
  }
  rows_[name] = {.value = absl::StrCat(*result),
                 .version = NewestVersion(name, stored->version),
                 .expires_at = expires_at,
                 .tags = tags};
  ModelEntry entry = NewEntry(name.space, absl::StrCat(*result), {.tags = tags});
  const Ms left = CeilMs(expires_at - clock_.WallTime());
  entry.expires = left == kForever ? kForever : memory_.now() + left;
  entry.version = stored->version;
  AcceptDepartures();
  std::map<Name, ModelEntry> fresh;
  fresh.emplace(name, std::move(entry));
  InstallAll(std::move(fresh), {});
  FenceKey(name);
}

void TwinCache::Touch(Name name, absl::Duration ttl) {
  Begin("Touch", name);
  const absl::StatusOr<bool> touched = SpaceOf(name.space).Touch(KeyOf(name), ttl);
  if (HasStore(name.space) && IsFault(touched.status())) {
    FailedWrite(name.space, {name.key}, touched.status());
    End();
    return;
  }
  ModelEntry* live = memory_.FindLive(name);
  bool expected = live != nullptr;
  if (live != nullptr) {
    const Ms left = CeilMs(ttl);
    live->expires = left == kForever ? kForever : memory_.now() + left;
  }
  if (HasStore(name.space)) {
    ++CountersOf(name.space).store_writes;
    DoubtKey(name);
    if (Row* row = FindRow(name)) {
      row->expires_at = clock_.WallTime() + ttl;
      expected = true;
    }
  }
  Check(touched.ok(), "Touch");
  if (touched.ok()) Same(*touched, expected, "Touch");
  End();
}

// --- Faults
// ---------------------------------------------------------------------------------------

void TwinCache::ArmFault(size_t nth, Fault fault) {
  faulty_call_ = nth;
  switch (fault) {
    case Fault::kUnavailable:
      store_->FailBefore(nth, absl::UnavailableError("the database is busy"));
      break;
    case Fault::kUnknownBefore:
      store_->FailBefore(nth, absl::UnknownError("the connection broke"));
      break;
    case Fault::kUnknownAfter:
      store_->FailAfter(nth);
      break;
  }
}

void TwinCache::DisarmFault() {
  faulty_call_ = 0;
  store_->FailBefore(0, absl::OkStatus());
}

bool TwinCache::IsFault(const absl::Status& status) const {
  return faulty_call_ != 0 && (status.code() == absl::StatusCode::kUnavailable ||
                               status.code() == absl::StatusCode::kUnknown);
}

// A write that failed changed nothing; or nobody knows, and memory lets go of the keys.
void TwinCache::FailedWrite(int space, const std::vector<int>& keys, const absl::Status& status) {
  Stats& counters = CountersOf(space);
  counters.store_writes += keys.size();
  ++counters.store_errors;
  AcceptDepartures();
  for (const int key : keys) {
    const Name name{space, key};
    DoubtKey(name);
    if (status.code() != absl::StatusCode::kUnknown) continue;
    ReadBackRow(name);
    if (memory_.FindLive(name) != nullptr) ExpectDeparture(name, RemovalCause::kInvalidated);
  }
}

// Asks the store behind what has become of a row.
void TwinCache::ReadBackRow(Name name) {
  const auto stored = *rows_behind_->Read(SpaceOf(name.space).name(), KeyOf(name));
  if (!stored.has_value()) {
    rows_.erase(name);
    return;
  }
  rows_[name] = {.value = stored->value,
                 .version = stored->version,
                 .expires_at = stored->expires_at,
                 .tags = TagBits(stored->tags)};
  newest_versions_[name] = std::max(newest_versions_[name], stored->version);
}

}  // namespace trivet::testing
