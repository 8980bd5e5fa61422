#include "engine/change_relay.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/random/random.h"
#include "engine/names.h"
#include "engine/random.h"
#include "engine/store_call.h"
#include "engine/tell_part.h"

namespace trivet::engine {
namespace {

// Rows that a look sees; the oldest come first. Writers take their rows away, so that there are
// rarely more that are old.
constexpr size_t kRowsPerLook = 256;
// Rows that it sees where those are old: after an outage, or where nobody may write to the store.
// They take some milliseconds and megabytes.
constexpr size_t kRowsOfABacklog = 16 << 10;
// Tickets of told rows. What is more is told once more, and goes then.
constexpr size_t kToldMax = 64 << 10;
// Rows that one transaction takes away: writers wait for it.
constexpr size_t kRowsTakenAway = 1000;
constexpr int kTellTries = 3;

std::optional<SharedRecord> ToRecord(const LoggedChange& change) {
  if (!CheckName("namespace", change.namespace_name).ok()) return std::nullopt;
  SharedRecord record{.version = change.version, .token = 0, .name = change.name};
  switch (change.kind) {
    case LoggedChange::Kind::kKey:
      record.kind = SharedRecord::Kind::kKey;
      return CheckKey(change.name).ok() ? std::optional(record) : std::nullopt;
    case LoggedChange::Kind::kTag:
      record.kind = SharedRecord::Kind::kTag;
      return CheckName("tag", change.name).ok() ? std::optional(record) : std::nullopt;
    case LoggedChange::Kind::kPattern:  // a walk over all keys there would hold proofs up
    case LoggedChange::Kind::kClear:
      return SharedRecord{.kind = SharedRecord::Kind::kClear};
  }
  return std::nullopt;
}

absl::Duration Patience(absl::Duration relay_after) {
  return relay_after * absl::Uniform(Random(), 1.0, 1.5);
}

}  // namespace

ChangeRelay::ChangeRelay(Backing& backing, SharedTier& tier, const CoherenceOptions& options,
                         const Clock& clock)
    : backing_(backing),
      tier_(tier),
      options_(options),
      clock_(clock),
      patience_(Patience(options.relay_after)) {}

void ChangeRelay::Told(uint64_t first, size_t rows) {
  MutexLock lock(told_mu_);
  for (size_t i = 0; i < rows; ++i) NoteTold(first + i);
}

void ChangeRelay::NoteTold(uint64_t ticket) {
  if (told_.size() < kToldMax && !told_.try_emplace(ticket, looks_).second) return;
  if (to_take_away_.size() < kToldMax) to_take_away_.push_back(ticket);
}

bool ChangeRelay::TakeAwayTold() {
  std::vector<uint64_t> told;
  {
    MutexLock lock(told_mu_);
    told.swap(to_take_away_);
  }
  for (std::span<const uint64_t> left = told; !left.empty();) {
    const auto some = left.first(std::min(left.size(), kRowsTakenAway));
    if (!StoreCall([&] { return backing_.TrimChangeLog(some); }).ok()) {
      // Other processes tell these again, which costs them loads; this one does not.
      MutexLock lock(told_mu_);
      const size_t room = kToldMax - std::min(kToldMax, to_take_away_.size());
      left = left.first(std::min(left.size(), room));
      to_take_away_.insert(to_take_away_.end(), left.begin(), left.end());
      return false;
    }
    left = left.subspan(some.size());
  }
  return true;
}

uint64_t ChangeRelay::BeginLook() {
  MutexLock lock(told_mu_);
  return ++looks_;
}

bool ChangeRelay::IsTold(uint64_t ticket) const {
  MutexLock lock(told_mu_);
  return told_.contains(ticket);
}

void ChangeRelay::ForgetGone(const absl::flat_hash_map<uint64_t, absl::Duration>& there,
                             uint64_t look) {
  MutexLock lock(told_mu_);
  absl::erase_if(
      told_, [&](const auto& told) { return told.second < look && !there.contains(told.first); });
}

Overdue ChangeRelay::LookAround() {
  const uint64_t number = BeginLook();
  Look look = LookAtOldest(kRowsPerLook, number);
  if (look.goes_on) look = LookAtOldest(kRowsOfABacklog, number);
  return std::move(look.overdue);
}

ChangeRelay::Look ChangeRelay::LookAtOldest(size_t rows_max, uint64_t look) {
  // While this machine sleeps, rows grow old elsewhere.
  const absl::Duration looked_at = clock_.Elapsed() + clock_.Suspended();
  const auto rows = StoreCall([&] { return backing_.ReadChangeLog(rows_max); });
  if (!rows.ok()) {
    Look nothing_seen;
    nothing_seen.overdue.AddAll();
    return nothing_seen;
  }
  absl::flat_hash_map<uint64_t, absl::Duration> since;
  std::map<std::string_view, Due> due;  // by namespace
  Overdue overdue;
  absl::Duration newest = looked_at;
  for (const LoggedChange& row : *rows) {
    const auto seen = since_.find(row.ticket);
    newest = seen == since_.end() ? unseen_since_ : seen->second;
    since.emplace(row.ticket, newest);
    const absl::Duration age = looked_at - newest;
    if (IsTold(row.ticket)) continue;
    if (age >= patience_) {
      Due& of_namespace = due[row.namespace_name];
      of_namespace.tickets.push_back(row.ticket);
      // Under any other name nobody can hold anything.
      if (std::optional<SharedRecord> change = ToRecord(row)) {
        of_namespace.changes.Add({&*change, 1});
      }
    }
    if (age >= options_.relay_max) overdue.Add(row.namespace_name);
  }
  const bool is_all = rows->size() < rows_max;
  if (is_all) ForgetGone(since, look);
  // What comes later in the order was committed later.
  const absl::Duration rest_is_younger_than = is_all ? absl::ZeroDuration() : looked_at - newest;
  if (rest_is_younger_than >= options_.relay_max) overdue.AddAll();
  bool is_away = false;
  for (const auto& [name, of_namespace] : due) {
    const absl::Status told = Tell(name, of_namespace.changes.All().changes);
    is_away = IsAway(told);
    if (is_away) break;
    if (!told.ok()) continue;
    overdue.Remove(name);  // told a moment ago is as good as told before
    MutexLock lock(told_mu_);
    for (const uint64_t ticket : of_namespace.tickets) NoteTold(ticket);
  }
  // A longer look may still need what was known of the rest.
  const bool goes_on = !is_away && rest_is_younger_than >= patience_ && rows_max < kRowsOfABacklog;
  if (!goes_on) {
    since_ = std::move(since);
    unseen_since_ = is_all ? looked_at : newest;
  }
  return {.overdue = std::move(overdue), .goes_on = goes_on};
}

absl::Status ChangeRelay::Tell(std::string_view namespace_name,
                               std::span<const SharedRecord> changes) {
  if (changes.empty()) return absl::OkStatus();
  std::vector<SharedRecord> of_part;
  for (uint32_t part = 0; part < tier_.parts(); ++part) {
    of_part.clear();
    for (const SharedRecord& change : changes) {
      const bool elsewhere =
          change.kind == SharedRecord::Kind::kKey && tier_.PartOf(change.name) != part;
      if (!elsewhere) of_part.push_back(change);
    }
    bool told = of_part.empty();
    for (int i = 0; i < kTellTries && !told; ++i) {
      SharedPart at{.space = namespace_name, .part = part};
      const auto state = tier_.Fence(at, NewToken(), clock_.Elapsed() + options_.timeout);
      if (!state.ok()) return state.status();
      at.generation = state->generation;
      at.server = state->server;
      const auto answer = TellPart(tier_, at, of_part, clock_, options_.timeout);
      if (!answer.ok()) return answer.status();
      told = answer->current;
    }
    if (!told) return absl::AbortedError("the part has another generation each time");
  }
  return absl::OkStatus();
}

}  // namespace trivet::engine
