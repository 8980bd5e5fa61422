// Loads: what a loader does meanwhile, and whether its result may be kept.
#include <utility>

#include "tests/support/twin_cache.h"

namespace trivet::testing {
namespace {

constexpr char kLoaderError[] = "the truth is away";

bool IsBadTtl(const std::optional<absl::Duration>& ttl) {
  return ttl.has_value() && *ttl <= absl::ZeroDuration();
}

}  // namespace

void TwinCache::GetOrLoad(Name name, const LoadPlan& plan) {
  Begin("GetOrLoad", name);
  Namespace& space = SpaceOf(name.space);
  bool ran = false;
  if (IsLoading(name)) {
    const auto result = space.GetOrLoad(KeyOf(name), [&](Load&) {
      ran = true;
      return std::string();
    });
    Check(!ran, "a loader runs within itself");
    CheckOwnLoad(name, result);
    End();
    return;
  }
  // The model goes first: the cache asks the loader, which goes on with both.
  const ModelEntry* live = Read(name);
  const bool asks_store = live == nullptr && HasStore(name.space);
  const bool has_row = asks_store && FindRow(name) != nullptr;
  if (asks_store) ++CountersOf(name.space).store_reads;
  const size_t flight_index = flights_.size();
  flights_.push_back({.name = name});
  absl::StatusOr<Result> result = space.GetOrLoad(KeyOf(name), [&](Load& load) -> Loaded {
    ran = true;
    AcceptDepartures();
    Check(load.key() == KeyOf(name) && load.namespace_name() == space.name(), "what is loaded");
    loading_.push_back(name);
    for (const std::string& tag : TagNames(plan.early_tags)) load.AddTag(tag);
    if (plan.ttl.has_value()) load.SetTtl(*plan.ttl);
    if (plan.meanwhile) plan.meanwhile();
    if (plan.do_not_cache) load.DoNotCache();
    for (const std::string& tag : TagNames(plan.late_tags)) load.AddTag(tag);
    loading_.pop_back();
    switch (plan.outcome) {
      case LoadPlan::Outcome::kValue:
        return plan.value;
      case LoadPlan::Outcome::kNothing:
        return std::nullopt;
      case LoadPlan::Outcome::kError:
        return absl::NotFoundError(kLoaderError);
      case LoadPlan::Outcome::kThrow:
        throw 42;
    }
    return std::nullopt;
  });
  const Flight flight = flights_[flight_index];
  flights_.pop_back();
  AcceptDepartures();
  if (live != nullptr) {
    Check(!ran, "a loader ran for what is in memory");
    CheckHit(result, *live);
  } else if (asks_store && !ran && IsFault(result.status())) {
    ++CountersOf(name.space).store_errors;
  } else if (has_row) {
    Check(!ran, "a loader ran for what is in the store");
    ++CountersOf(name.space).store_hits;
    FinishStoreRead(result, flight);
  } else {
    Check(ran, "no loader ran");
    FinishLoader(result, flight, plan);
  }
  if (result.ok()) {
    const std::string bytes(result->bytes());
    KeepPinned(std::move(result->value), bytes);
  }
  End();
}

void TwinCache::FinishStoreRead(const absl::StatusOr<Result>& result, const Flight& flight) {
  const Name name = flight.name;
  const Row& row = *FindRow(name);
  ModelEntry entry = NewEntry(name.space, row.value, {.tags = row.tags});
  const Ms left = CeilMs(row.expires_at - clock_.WallTime());
  entry.expires = left == kForever ? kForever : memory_.now() + left;
  entry.version = row.version;
  CheckLoaded(result, Tier::kStore, entry);
  Keep(flight, std::move(entry), true);
}

void TwinCache::FinishLoader(const absl::StatusOr<Result>& result, const Flight& flight,
                             const LoadPlan& plan) {
  const Name name = flight.name;
  Stats& counters = CountersOf(name.space);
  ++counters.loads;
  const auto check_failure = [&](absl::StatusCode code) {
    ++counters.load_failures;
    Same(result.status().code(), code, "the error of a load");
  };
  switch (plan.outcome) {
    case LoadPlan::Outcome::kNothing:
      CheckMiss(result);
      return;
    case LoadPlan::Outcome::kError:
      check_failure(absl::StatusCode::kNotFound);
      Same(result.status().message(), kLoaderError, "the error of a load");
      return;
    case LoadPlan::Outcome::kThrow:
      check_failure(absl::StatusCode::kInternal);
      return;
    case LoadPlan::Outcome::kValue:
      break;
  }
  if (IsBadTtl(plan.ttl)) {
    check_failure(absl::StatusCode::kInvalidArgument);
    return;
  }
  ModelEntry entry =
      NewEntry(name.space, plan.value, {.ttl = plan.ttl, .tags = plan.early_tags | plan.late_tags});
  entry.from_loader = HasStore(name.space);
  if (result.ok() && !HasStore(name.space)) entry.version = NewestVersion(name, result->version);
  CheckLoaded(result, Tier::kLoader, entry);
  Keep(flight, std::move(entry),
       !plan.do_not_cache && plan.value.size() <= options_.value_bytes_max);
}

// Decides whether memory keeps what a load brought. Where that is the cache's choice (a tag that
// nobody holds may be taken for one that was invalidated), asks what the cache did.
void TwinCache::Keep(const Flight& flight, ModelEntry entry, bool wanted) {
  const Name name = flight.name;
  Stats& counters = CountersOf(name.space);
  bool fenced = flight.fenced || (flight.invalidated_tags & entry.tags) != 0;
  const bool may_be_fenced = flight.doubtful || (flight.invalidated_tags != 0 && entry.tags != 0);
  const Stats actual = SpaceOf(name.space).stats();
  if (!fenced && may_be_fenced) fenced = actual.loads_fenced > counters.loads_fenced;
  if (fenced) ++counters.loads_fenced;
  const bool fits = Fits(entry.bytes);
  if (!fits) ++counters.oversize;
  if (fenced || !fits || !wanted) return;
  // In a batch the answers before this one are pinned, too; so it may have been full, and from then
  // on it was.
  const Stats total = cache_->stats();
  const bool pins_may_be_full = evicts_by_bytes_ && total.pinned_bytes > total.memory_limit / 10;
  if (pins_may_be_full && actual.sets == counters.sets) return;
  Install(name, std::move(entry));
}

// --- Fences
// ---------------------------------------------------------------------------------------

void TwinCache::FenceKey(Name name) {
  for (Flight& flight : flights_) {
    if (flight.name == name) flight.fenced = true;
  }
}

void TwinCache::DoubtKey(Name name) {
  for (Flight& flight : flights_) {
    if (flight.name == name) flight.doubtful = true;
  }
}

void TwinCache::KillTag(int space, int tag) {
  memory_.KillTag(space, tag);
  for (Flight& flight : flights_) {
    if (flight.name.space == space) flight.invalidated_tags |= uint32_t{1} << tag;
  }
}

void TwinCache::KillSpace(int space) {
  memory_.KillSpace(space);
  for (Flight& flight : flights_) {
    if (flight.name.space == space) flight.fenced = true;
  }
}

}  // namespace trivet::testing
