// Writes where memory is all there is; and what writes have in common.
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/twin_cache.h"

namespace trivet::testing {

void TwinCache::Set(Name name, const std::string& value, const SetPlan& plan) {
  Begin("Set", name);
  const auto result = SpaceOf(name.space).Set(KeyOf(name), value, OptionsOf(plan));
  if (value.size() > options_.value_bytes_max) {
    Same(result.status().code(), absl::StatusCode::kInvalidArgument, "Set of too large a value");
  } else if (!HasStore(name.space)) {
    SetInMemory(name, value, plan, result);
  } else if (result.ok()) {
    SetThrough(name.space, {{name.key, value}}, plan, std::vector{*result});
  } else {
    SetThrough(name.space, {{name.key, value}}, plan, result.status());
  }
  End();
}

void TwinCache::MSet(int space, const std::vector<Item>& items, SetPlan plan) {
  Begin("MSet", {space, items.front().key});
  // Where bytes decide, nobody can tell which item of the batch pushed out what, and so whether a
  // key was there when its turn came.
  if (evicts_by_bytes_ && !HasStore(space)) plan.when = SetWhen::kAlways;
  std::vector<Namespace::Item> pairs;
  for (const Item& item : items) pairs.push_back({KeyOf({space, item.key}), item.value});
  const auto results = SpaceOf(space).MSet(pairs, OptionsOf(plan));
  if (HasStore(space)) {
    SetThrough(space, items, plan, results);
    End();
    return;
  }
  if (results.ok()) {
    for (size_t i = 0; i < items.size(); ++i) {
      SetInMemory({space, items[i].key}, items[i].value, plan, (*results)[i]);
    }
  } else {
    SetUpToError(space, items, plan, results.status());
  }
  End();
}

// The items before the one that was refused are set; no answer tells their versions.
void TwinCache::SetUpToError(int space, const std::vector<Item>& items, const SetPlan& plan,
                             const absl::Status& status) {
  size_t refused = 0;
  for (; refused < items.size(); ++refused) {
    const Item& item = items[refused];
    const Name name{space, item.key};
    AcceptDepartures();
    if (!Holds(name, plan)) continue;
    if (!Fits(item.value)) break;
    Put(name, NewEntry(space, item.value, plan));
  }
  if (refused == items.size()) {
    Check(false, "an MSet is refused without need: " + status.ToString());
    return;
  }
  SetInMemory({space, items[refused].key}, items[refused].value, plan, status);
  for (size_t i = 0; i < refused; ++i) {
    const Name name{space, items[i].key};
    ModelEntry* entry = memory_.FindLive(name);
    if (entry != nullptr && entry->version == 0) {
      entry->version = NewestVersion(name, PeekVersion(name));
    }
  }
}

bool TwinCache::Holds(Name name, const SetPlan& plan) {
  const ModelEntry* live = memory_.FindLive(name);
  switch (plan.when) {
    case SetWhen::kAlways:
      return true;
    case SetWhen::kIfAbsent:
      return live == nullptr;
    case SetWhen::kIfPresent:
      return live != nullptr;
    case SetWhen::kIfVersion:
      return live != nullptr && live->version == plan.if_version;
  }
  return false;
}

void TwinCache::SetInMemory(Name name, const std::string& value, const SetPlan& plan,
                            const absl::StatusOr<SetResult>& result) {
  AcceptDepartures();
  if (!Holds(name, plan)) {
    const ModelEntry* live = memory_.FindLive(name);
    Check(result.ok() && !result->applied, "a Set whose condition does not hold");
    if (result.ok()) Same(result->version, live == nullptr ? 0 : live->version, "its version");
    return;
  }
  if (!Fits(value)) {
    Same(result.status().code(), absl::StatusCode::kResourceExhausted, "Set of an oversize value");
    ++CountersOf(name.space).oversize;
    return;
  }
  if (result.status().code() == absl::StatusCode::kResourceExhausted) {
    const Stats stats = cache_->stats();
    Check(evicts_by_bytes_ && stats.pinned_bytes > stats.memory_limit / 10,
          "a Set is refused without need");
    return;
  }
  Check(result.ok() && result->applied, "Set: " + result.status().ToString());
  if (!result.ok()) return;
  ModelEntry entry = NewEntry(name.space, value, plan);
  entry.version = NewestVersion(name, result->version);
  Put(name, std::move(entry));
}

// Memory takes a written value.
void TwinCache::Put(Name name, ModelEntry entry) {
  if (memory_.FindLive(name) != nullptr) ExpectDeparture(name, RemovalCause::kReplaced);
  Install(name, std::move(entry));
  FenceKey(name);
}

// A condition that never holds tells the version, and changes nothing.
uint64_t TwinCache::PeekVersion(Name name) {
  const auto found =
      SpaceOf(name.space)
          .Set(KeyOf(name), "", {.when = SetWhen::kIfVersion, .if_version = ~uint64_t{0}});
  Check(found.ok() && !found->applied, "a version that never was");
  return found.ok() ? found->version : 0;
}

uint64_t TwinCache::NewestVersion(Name name, uint64_t version) {
  uint64_t& newest = newest_versions_[name];
  Check(version > newest, "versions grow");
  newest = version;
  return version;
}

// --- Removing
// -------------------------------------------------------------------------------------

void TwinCache::Delete(Name name) {
  Begin("Delete", name);
  const absl::StatusOr<bool> deleted = SpaceOf(name.space).Delete(KeyOf(name));
  if (HasStore(name.space) && IsFault(deleted.status())) {
    FailedWrite(name.space, {name.key}, deleted.status());
  } else {
    Check(deleted.ok(), "Delete");
    const auto removed = RemoveInModel(name.space, {name.key});
    if (deleted.ok()) Same(*deleted, removed.front().has_value(), "Delete");
  }
  End();
}

void TwinCache::MDelete(int space, const std::vector<int>& keys) {
  Begin("MDelete", {space, keys.front()});
  const absl::StatusOr<size_t> deleted = SpaceOf(space).MDelete(KeysOf(keys));
  if (HasStore(space) && IsFault(deleted.status())) {
    FailedWrite(space, keys, deleted.status());
  } else {
    Check(deleted.ok(), "MDelete");
    size_t expected = 0;
    for (const auto& removed : RemoveInModel(space, keys)) expected += removed.has_value() ? 1 : 0;
    if (deleted.ok()) Same(*deleted, expected, "MDelete");
  }
  End();
}

void TwinCache::Take(Name name) {
  Begin("Take", name);
  absl::StatusOr<Value> taken = SpaceOf(name.space).Take(KeyOf(name));
  if (HasStore(name.space) && IsFault(taken.status())) {
    FailedWrite(name.space, {name.key}, taken.status());
  } else {
    Check(taken.ok(), "Take");
    const auto removed = RemoveInModel(name.space, {name.key}).front();
    if (taken.ok()) {
      Same(static_cast<bool>(*taken), removed.has_value(), "Take");
      if (removed.has_value()) {
        Same(taken->bytes(), *removed, "the bytes of Take");
        KeepPinned(*std::move(taken), *removed);
      }
    }
  }
  End();
}

// What was there, for each mention of a key: the row, else what memory alone has.
std::vector<std::optional<std::string>> TwinCache::RemoveInModel(int space,
                                                                 const std::vector<int>& keys) {
  AcceptDepartures();
  std::vector<std::optional<std::string>> removed;
  if (HasStore(space)) CountersOf(space).store_writes += keys.size();
  for (const int key : keys) {
    const Name name{space, key};
    std::optional<std::string> bytes;
    if (const Row* row = HasStore(space) ? FindRow(name) : nullptr) bytes = row->value;
    if (HasStore(space)) rows_.erase(name);
    if (const ModelEntry* live = memory_.FindLive(name)) {
      if (!bytes.has_value()) bytes = live->bytes;
      ExpectDeparture(name, RemovalCause::kExplicit);
    }
    FenceKey(name);
    removed.push_back(bytes);
  }
  return removed;
}

// --- Changing
// -------------------------------------------------------------------------------------

void TwinCache::Increment(Name name, int64_t by) {
  Begin("Increment", name);
  const absl::StatusOr<int64_t> result = SpaceOf(name.space).Increment(KeyOf(name), by);
  if (HasStore(name.space)) {
    IncrementThrough(name, by, result);
  } else {
    IncrementInMemory(name, by, result);
  }
  End();
}

void TwinCache::IncrementInMemory(Name name, int64_t by, const absl::StatusOr<int64_t>& result) {
  AcceptDepartures();
  const ModelEntry* live = memory_.FindLive(name);
  if (result.status().code() == absl::StatusCode::kResourceExhausted) {
    Check(evicts_by_bytes_ && options_.pins, "an Increment is refused without need");
    return;
  }
  if (!CheckSum(live == nullptr ? "0" : live->bytes, by, result)) return;
  ModelEntry entry = NewEntry(name.space, absl::StrCat(*result), {});
  if (live != nullptr) {
    entry.expires = live->expires;
    entry.idle = live->idle;
    entry.tags = live->tags;
  }
  // 0: a policy other than LRU may have evicted it on the spot.
  const uint64_t version = PeekVersion(name);
  if (version != 0) entry.version = NewestVersion(name, version);
  Put(name, std::move(entry));
  Same(memory_.Find(name) != nullptr, version != 0, "an Increment is in memory");
}

// True if there must be a sum, and it is right.
bool TwinCache::CheckSum(std::string_view text, int64_t by, const absl::StatusOr<int64_t>& result) {
  int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  int64_t sum = 0;
  if (error != std::errc() || rest != text.data() + text.size()) {
    Same(result.status().code(), absl::StatusCode::kFailedPrecondition, "Increment of a text");
    return false;
  }
  if (__builtin_add_overflow(number, by, &sum)) {
    Same(result.status().code(), absl::StatusCode::kOutOfRange, "Increment beyond 64 bits");
    return false;
  }
  if (!result.ok()) {
    Check(false, "Increment: " + result.status().ToString());
    return false;
  }
  Same(*result, sum, "the sum");
  return true;
}

void TwinCache::CallBadly(Name name) {
  Begin("CallBadly", name);
  Namespace& space = SpaceOf(name.space);
  const std::string_view key = KeyOf(name);
  std::string long_key(kKeyBytesMax + 1, 'k');
  Check(!space.Find("") && !space.Find(long_key), "a bad key is a miss");
  const auto is_refused = [this](const absl::Status& status) {
    Same(status.code(), absl::StatusCode::kInvalidArgument, "a bad argument");
  };
  is_refused(space.Get("").status());
  is_refused(space.GetOrLoad(long_key, [](Load&) { return std::string("unused"); }).status());
  is_refused(space.Set("", "value").status());
  is_refused(space.Set(key, "value", {.ttl = absl::ZeroDuration()}).status());
  is_refused(space.Set(key, "value", {.idle_ttl = kTtlMax + absl::Nanoseconds(1)}).status());
  is_refused(space.Set(key, "value", {.tags = {""}}).status());
  is_refused(space.Set(key, "value", {.if_version = 1}).status());
  is_refused(space.MSet(std::vector<Namespace::Item>{{key, "value"}, {"", "value"}}).status());
  is_refused(space.MDelete(std::vector<std::string_view>{key, ""}).status());
  is_refused(space.Touch(key, -absl::Seconds(1)).status());
  is_refused(space.InvalidateTag(std::string(kNameBytesMax + 1, 't')));
  is_refused(space.MInvalidate(std::vector<std::string_view>{key, ""}));
  is_refused(space.InvalidatePattern(std::string(kPatternBytesMax + 1, '?')).status());
  is_refused(space.Scan({}, 0).status());
  is_refused(cache_->InvalidateTag(""));
  is_refused(cache_->Resize({}));
  is_refused(cache_->In("").status());
  Same(cache_->In(space.name(), {.ttl = absl::Seconds(77)}).status().code(),
       absl::StatusCode::kFailedPrecondition, "a namespace with other options");
  End();
}

}  // namespace trivet::testing
