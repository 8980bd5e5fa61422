#include "engine/memory_tier.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/capacity.h"
#include "engine/check.h"
#include "engine/namespace_state.h"

namespace trivet::engine {
namespace {

// Retired entries that handles still pin may take this part of the budget: beyond it, writes are
// refused rather than let memory grow.
constexpr size_t kPinnedPart = 10;
// As much may wait for readers that do not leave, together with those; in small caches, and where
// bytes have no limit, so much.
constexpr size_t kWaitingMin = 4 << 20;
constexpr size_t kWaitingWithoutLimit = 256 << 20;
// A thread's collection of retired entries is freed when handles pin this part of the budget in it,
// so that the bound on that holds;
constexpr size_t kBatchPart = 512;
// or when it has so much in all, a small part of a large budget. Less, and each membarrier (it
// interrupts the other threads; tens of microseconds on virtual machines) would serve a few writes
// only; more, and blocks are no longer in the processor's cache when they are used again.
constexpr size_t kBatchBytesMin = 128 << 10;
constexpr size_t kBatchBytesMax = 256 << 10;
// From this budget on huge pages are worth what they round up; where bytes have no limit, from so
// many entries on.
constexpr size_t kHugePagesFromBytes = 64 << 20;
constexpr size_t kHugePagesFromEntries = 64 << 10;
// How much maintenance a write does in its shard.
constexpr size_t kWorkPerWrite = 4;

// Different in each process, so that nobody can prepare keys that collide.
uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

bool Holds(SetCondition condition, const Entry* old) {
  switch (condition.when) {
    case SetWhen::kAlways:
      return true;
    case SetWhen::kIfAbsent:
      return old == nullptr;
    case SetWhen::kIfPresent:
      return old != nullptr;
    case SetWhen::kIfVersion:
      if (condition.entry != nullptr) return old == condition.entry;
      return old != nullptr && old->version() == condition.version;
  }
  return false;
}

bool IsWorthHugePages(const CacheOptions& options) {
  return options.memory_bytes != 0 ? options.memory_bytes >= kHugePagesFromBytes
                                   : options.max_entries >= kHugePagesFromEntries;
}

absl::Status NoMemoryLeft() {
  return absl::ResourceExhaustedError("the arena of the cache, or the system, has no memory left");
}

EntryDraft DraftOf(const KeyRef& key, const NewValue& value, size_t tag_count, Millis now) {
  return {.space_id = key.space->id(),
          .key = key.key,
          .value = value.value,
          .object = value.object,
          .tag_count = tag_count,
          .versioned = key.space->options().versions,
          .version = value.version,
          .created = now,
          .expires = value.expires,
          .idle = value.idle};
}

}  // namespace

MemoryTier::MemoryTier(const CacheOptions& options, const Clock& clock)
    : clock_(clock),
      listener_(options.removal_listener),
      hash_(RandomSeed()),
      entry_hash_([this](const Entry* entry) { return hash_(entry->space_id(), entry->key()); }),
      arena_(IsWorthHugePages(options)),
      ledger_(arena_),
      reclaimer_(ledger_, BestGraceFence()) {
  SetMemoryBytes(options.memory_bytes);
  const Capacity capacity{.memory_bytes = options.memory_bytes, .max_entries = options.max_entries};
  const size_t shards = options.shards != 0
                            ? options.shards
                            : ChooseShards(capacity, std::thread::hardware_concurrency());
  shard_mask_ = shards - 1;
  shards_.reserve(shards);
  const auto make_policy = [this, name = options.policy] { return MakePolicy(name, arena_); };
  hits_are_told_ = make_policy()->wants_hits();
  for (size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(arena_, entry_hash_, shards, make_policy,
                                              PartOf(capacity, i, shards), now()));
  }
}

MemoryTier::~MemoryTier() {
  // Objects are destroyed under no lock, here too.
  reclaimer_.Reclaim();
  for (const auto& shard : shards_) {
    std::vector<Entry*> entries;
    {
      MutexLock lock(shard->mu);
      uint64_t position = 0;
      while (
          shard->index().VisitBucket(&position, [&](Entry* entry) { entries.push_back(entry); })) {
      }
    }
    for (Entry* entry : entries) ledger_.Release(entry);
  }
}

Value MemoryTier::LookUpLocked(const KeyRef& key, Entry** entry) {
  const Millis now = this->now();
  Removals removals = NewRemovals();
  Shard& shard = ShardOf(key.hash);
  MutexLock lock(shard.mu);
  *entry = key.space->IsServed(now) ? shard.FindLive(key, now, &removals) : nullptr;
  if (*entry == nullptr) return Value();
  Shard::RecordUse(*entry, now);
  shard.RecordHit(*entry, Reserved(), now, &removals);
  return ledger_.Pin(*entry);
}

Value MemoryTier::Find(const KeyRef& key) {
  Value value;
  Read(key, [&](Entry* entry) { value = ledger_.Pin(entry); });
  return value;
}

std::optional<Result> MemoryTier::Get(const KeyRef& key) {
  std::optional<Result> result;
  const Millis proven_at = key.space->proven_at();
  Read(key, [&](Entry* entry) { result = ResultOf(key.space, entry, now(), proven_at); });
  return result;
}

void MemoryTier::Prefetch(std::span<const KeyRef> keys) const {
  for (const KeyRef& key : keys) ShardOf(key.hash).lookup().Prefetch(key.hash);
  for (const KeyRef& key : keys) ShardOf(key.hash).lookup().PrefetchEntry(key.hash);
}

std::optional<Peeked> MemoryTier::Peek(const KeyRef& key) {
  const Millis now = this->now();
  Removals removals = NewRemovals();
  Shard& shard = ShardOf(key.hash);
  MutexLock lock(shard.mu);
  if (!key.space->IsServed(now)) return std::nullopt;
  Entry* entry = shard.FindLive(key, now, &removals);
  if (entry == nullptr) return std::nullopt;
  Peeked peeked{.value = ledger_.Pin(entry),
                .version = entry->version(),
                .expires = entry->expires(),
                .idle = entry->idle(),
                .tags = {}};
  for (const TagMembership& membership : entry->tags()) {
    peeked.tags.push_back(shard.tag_groups().TagOf(membership).name());
  }
  return peeked;
}

EntryPtr MemoryTier::Prepare(const KeyRef& key, const NewValue& value, size_t tag_count,
                             Millis now) {
  if (IsPinnedFull()) reclaimer_.ReclaimUnlessHeldUp();
  const EntryDraft draft = DraftOf(key, value, tag_count, now);
  Entry* entry = Entry::Create(arena_, draft);
  if (entry == nullptr) {
    reclaimer_.Reclaim();
    entry = Entry::Create(arena_, draft);
  }
  return EntryPtr(entry, EntryDeleter{&arena_});
}

EntryPtr MemoryTier::PrepareOnHeap(const KeyRef& key, const NewValue& value, Millis now) {
  return EntryPtr(Entry::CreateOnHeap(DraftOf(key, value, 0, now)), EntryDeleter{&arena_});
}

void MemoryTier::SetMemoryBytes(size_t memory_bytes) {
  memory_bytes_.store(memory_bytes, std::memory_order_relaxed);
  const size_t pinned_max = memory_bytes == 0 ? kWaitingWithoutLimit : memory_bytes / kPinnedPart;
  pinned_max_.store(pinned_max, std::memory_order_relaxed);
  waiting_max_.store(std::max(pinned_max, kWaitingMin), std::memory_order_relaxed);
  const size_t part = memory_bytes == 0 ? kBatchBytesMax : memory_bytes / kBatchPart;
  const size_t batch_bytes = std::clamp(part, kBatchBytesMin, kBatchBytesMax);
  reclaimer_.SetBatchBytes(batch_bytes, std::min(part, batch_bytes));
  // A batch comes back at once, and is handed out before the next one.
  arena_.SetCachedBytesMax(2 * batch_bytes);
}

bool MemoryTier::Link(const KeyRef& key, Shard& shard, EntryPtr& fresh, Entry* old,
                      TagRecords* records, Millis now, Removals* removals) {
  MeasureSlackIfDue();
  if (!shard.Link(key, fresh.get(), old, records, Reserved(), now, removals)) [[unlikely]]
    return false;
  static_cast<void>(fresh.release());  // the shard has it
  size_t work = kWorkPerWrite;
  shard.Maintain(now, clears_.load(std::memory_order_acquire), &work, removals);
  return true;
}

Result MemoryTier::ResultOf(const NamespaceState* space, Entry* entry, Millis now,
                            Millis proven_at) {
  // Others read their clocks, too.
  const Millis since = now > entry->created() ? now - entry->created() : 0;
  const absl::Duration age =
      entry->is_versioned() ? absl::Milliseconds(since) : absl::InfiniteDuration();
  return {.value = ledger_.Pin(entry),
          .tier = Tier::kMemory,
          .version = entry->version(),
          .age = age,
          .remaining_ttl = RemainingUntil(entry->expires(), now),
          .staleness = space->shared() == nullptr
                           ? age
                           : NamespaceState::StalenessAt(absl::Milliseconds(now), proven_at)};
}

absl::StatusOr<SetResult> MemoryTier::Set(const KeyRef& key, const NewValue& value,
                                          SetCondition condition) {
  Shard& shard = ShardOf(key.hash);
  shard.lookup().Prefetch(key.hash);
  const Millis now = this->now();
  TagRecords records = key.space->tags().Acquire(value.tags);
  EntryPtr fresh = Prepare(key, value, records.size(), now);
  shard.lookup().PrefetchEntry(key.hash);
  if (fresh == nullptr) {
    key.space->tags().Release(records);
    return NoMemoryLeft();
  }
  const size_t charge = fresh->charge();
  const size_t value_bytes = value.object != nullptr ? value.object->bytes() : value.value.size();
  const bool pinned_full = IsPinnedFull();
  absl::StatusOr<SetResult> result = SetResult{};
  {
    Removals removals = NewRemovals();
    MutexLock lock(shard.mu);
    const uint32_t epoch = key.space->epoch();
    Entry* old = shard.FindLive(key, epoch, now, &removals);
    if (!Holds(condition, old)) {
      result->version = old == nullptr ? 0 : old->version();
    } else if (!shard.Fits(key.space, charge)) {
      ++shard.counters(key.space).oversize;
      result = absl::ResourceExhaustedError(absl::StrCat(
          "value: ", value_bytes, " bytes are more than an eighth of a shard's part of ",
          shard.Fits(charge) ? "NamespaceOptions.quota_bytes" : "CacheOptions.memory_bytes",
          " can hold"));
    } else if (pinned_full) {
      result = absl::ResourceExhaustedError(
          "values that left the cache and are still pinned, or read, fill a tenth of "
          "CacheOptions.memory_bytes (256 MiB where that is 0)");
    } else {
      if (value.version == 0) fresh->SetVersion(shard.NextVersion());
      *result = {.applied = true, .version = fresh->version()};
      fresh->epoch = epoch;
      shard.flights().FenceLoad(key.space, key.key, key.hash);
      if (!Link(key, shard, fresh, old, &records, now, &removals)) [[unlikely]]
        result = NoMemoryLeft();
    }
  }
  key.space->tags().Release(records);
  HelpIfNeeded(shard);
  return result;
}

std::optional<Value> MemoryTier::Remove(const KeyRef& key, RemovalCause cause) {
  const Millis now = this->now();
  Removals removals = NewRemovals();
  Shard& shard = ShardOf(key.hash);
  MutexLock lock(shard.mu);
  shard.flights().FenceLoad(key.space, key.key, key.hash);
  Entry* entry = shard.FindLive(key, now, &removals);
  if (entry == nullptr) return std::nullopt;
  Value value = ledger_.Pin(entry);
  shard.Remove(entry, key.hash, cause, &removals);
  return value;
}

bool MemoryTier::SetExpiry(const KeyRef& key, Millis expires) {
  const Millis now = this->now();
  Removals removals = NewRemovals();
  Shard& shard = ShardOf(key.hash);
  MutexLock lock(shard.mu);
  Entry* entry = shard.FindLive(key, now, &removals);
  if (entry == nullptr) return false;
  shard.SetExpiry(key, entry, expires);
  return true;
}

Value MemoryTier::Detached(const KeyRef& key, const NewValue& value) {
  return ledger_.Adopt(PrepareOnHeap(key, value, now()).release());
}

}  // namespace trivet::engine
