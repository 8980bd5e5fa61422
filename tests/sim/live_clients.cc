// What the threads of a program do with their caches, and what they check.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/check.h"
#include "tests/sim/live_world.h"

namespace trivet::sim {
namespace {

// The tags of a version of a page: as random as its text, and the same for all who load it.
std::vector<std::string> TagsOf(const Truth::Value& value) {
  std::vector<std::string> tags;
  const size_t number = value.has_value() ? std::stoul(value->substr(1)) : 0;
  if (number % 3 != 0) tags.push_back("t0");
  if (number % 4 != 0) tags.push_back("t1");
  return tags;
}

bool HasTag(const Truth::Value& value, const std::string& tag) {
  const std::vector<std::string> tags = TagsOf(value);
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

}  // namespace

void LiveWorld::Client(size_t index) {
  const Process& process = processes_[index];
  for (size_t i = 0; i < settings_.operations && !process.dead; ++i) {
    const size_t dice = chance_.Below(20);
    if (dice < 7) {
      Read(index);
    } else if (dice < 9) {
      ReadMany(index);
    } else if (dice < 15) {
      Load(index);
    } else if (dice < 18) {
      Store(index);
    } else {
      ChangeElsewhere(index);
    }
    for (size_t pause = chance_.Below(8); pause > 0; --pause) Fibers::Pause();
  }
  --clients_;
}

std::string LiveWorld::AnyKey() { return absl::StrCat("k", chance_.Below(settings_.keys)); }

bool LiveWorld::IsAlone() const {
  return settings_.processes == 1 && settings_.calm == 0 && settings_.leaps == 0 &&
         settings_.weather.lost_reply == 0 && settings_.weather.lost_request == 0;
}

std::string LiveWorld::AnyTag() { return chance_.Coin() ? "t0" : "t1"; }

void LiveWorld::Check(size_t index, const Truth::Key& key, const Truth::Over& over,
                      const absl::StatusOr<Result>& answer) {
  ++tally_.reads;
  if (!answer.ok() || processes_[index].dead) return;
  if (answer->tier == Tier::kMemory) ++tally_.memory_hits;
  if (answer->tier == Tier::kShared) ++tally_.shared_hits;
  const Truth::Value value = ValueOf(*answer);
  const std::optional<size_t> place = truth_.PlaceOf(key, value);
  TRIVET_CHECK(place.has_value(), "a value that never was");
  Note("%zu reads %s/%s: %s, version %zu, from %s", index, key.space.c_str(), key.key.c_str(),
       value.value_or("-").c_str(), *place, TierName(answer->tier));
  const bool is_plain = over.is_plain && groups_under_way_ == 0;
  if (is_plain) truth_.Saw(key, *place);
  if (*place >= over.by_itself.size()) return;  // newer than the read
  if (over.by_itself[*place]) {
    Note("  VIOLATION: its own change is missing");
    ++tally_.read_your_writes;
  } else if (over.by_others[*place]) {
    Note("  VIOLATION: older than the bound");
    ++tally_.bound;
  } else if (is_plain && *place < over.seen && IsAlone() && key.space == kUsers) {
    Note("  VIOLATION: older than what was read before");
    ++tally_.backwards;
  }
}

void LiveWorld::Read(size_t index) {
  const Truth::Key key{kUsers, AnyKey()};
  Namespace users = processes_[index].cache->In(kUsers);
  GetOptions options;
  absl::Duration bound = kBound;
  absl::Duration relay = kRelay;
  if (chance_.OneIn(5)) {
    options.staleness_max = absl::Milliseconds(chance_.Below(2000));
    bound = options.staleness_max;
  } else if (chance_.OneIn(8)) {
    options.staleness_max = absl::ZeroDuration();
    bound = relay = absl::ZeroDuration();
  }
  Truth::Over over = truth_.OverAt(index, key, now(), bound, relay);
  over.is_plain = options.staleness_max == absl::InfiniteDuration();
  if (chance_.OneIn(4) && bound == kBound) {
    Result found{.value = users.Find(key.key), .tier = Tier::kMemory};
    if (found.value) Check(index, key, over, std::move(found));
    return;
  }
  Check(index, key, over, users.Get(key.key, options));
}

void LiveWorld::ReadMany(size_t index) {
  std::vector<std::string> names;
  for (size_t i = 0; i < settings_.keys; ++i) names.push_back(absl::StrCat("k", i));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  std::vector<Truth::Over> over;
  for (const std::string& name : names) {
    over.push_back(truth_.OverAt(index, {kUsers, name}, now(), kBound, kRelay));
  }
  const auto answers = processes_[index].cache->In(kUsers).MGet(keys);
  for (size_t i = 0; i < names.size(); ++i) {
    Check(index, {kUsers, names[i]}, over[i], answers[i]);
  }
}

void LiveWorld::Load(size_t index) {
  const Truth::Key key{kPages, AnyKey()};
  const Truth::Over over = truth_.OverAt(index, key, now(), kBound, kRelay);
  const auto answer =
      processes_[index].cache->In(kPages).GetOrLoad(key.key, [&](trivet::Load& load) -> Loaded {
        const bool early = chance_.Coin();
        if (early) load.AddTag("t0");  // known before, whether or not it is right
        Fibers::Pause();
        const Truth::Value value = truth_.Current(key);
        for (size_t pause = chance_.Below(6); pause > 0; --pause) Fibers::Pause();
        for (const std::string& tag : TagsOf(value)) {
          if (!early || tag != "t0") load.AddTag(tag);
        }
        if (chance_.OneIn(12)) return absl::UnavailableError("the loader fails");
        return value;
      });
  Check(index, key, over, answer);
}

void LiveWorld::Store(size_t index) {
  ++tally_.changes;
  std::vector<Truth::Change> committed;
  Fibers::Local() = &committed;
  Namespace users = processes_[index].cache->In(kUsers);
  const std::string key = AnyKey();
  Coherence told = Coherence::kLocal;
  absl::Status status;
  switch (chance_.Below(12)) {
    case 0:
      status = users.Delete(key, &told).status();
      break;
    case 1:
      ++groups_under_way_;
      status = users.DeleteTag(AnyTag(), &told);
      --groups_under_way_;
      break;
    case 2:
      if (!chance_.OneIn(3)) return Store(index);
      ++groups_under_way_;
      status = users.Clear(&told);
      --groups_under_way_;
      break;
    case 3: {
      const std::string first = truth_.NewText();
      const std::string second = truth_.NewText();
      const std::string other = key == "k0" ? "k1" : key;
      const Namespace::Item items[] = {{"k0", first}, {other, second}};
      const auto results = users.MSet(items);
      status = results.status();
      if (results.ok()) told = results->front().coherence;
      break;
    }
    case 4:
      status = users.Invalidate(key, &told);
      break;
    case 5:
      status = users.Set(key, truth_.NewText(), {.when = SetWhen::kIfAbsent}).status();
      break;
    default: {
      const auto result = users.Set(key, truth_.NewText(), {.tags = {AnyTag()}});
      status = result.status();
      if (result.ok()) told = result->coherence;
    }
  }
  Fibers::Local() = nullptr;
  Note("%zu changed %zu of users: %s, %s", index, committed.size(), status.ToString().c_str(),
       CoherenceName(told));
  if (!status.ok() || processes_[index].dead) return;
  for (const Truth::Change& change : committed) {
    Note("  %s is version %zu", change.first.key.c_str(), change.second);
    truth_.Acknowledge(index, change);
    if (told == Coherence::kApplied) truth_.Apply(change, now());
  }
}

void LiveWorld::ChangeElsewhere(size_t index) {
  ++tally_.changes;
  Namespace pages = processes_[index].cache->In(kPages);
  enum { kKey, kTag, kPattern, kClear };
  const int kind = chance_.OneIn(8) ? kClear : static_cast<int>(chance_.Below(3));
  const bool logged = kind != kPattern && (settings_.deaths || chance_.Coin());
  if (kind == kPattern && settings_.deaths) return;
  const std::string key = AnyKey();
  const std::string tag = AnyTag();
  std::vector<Truth::Change> changes;
  for (size_t i = 0; i < settings_.keys; ++i) {
    const Truth::Key one{kPages, absl::StrCat("k", i)};
    const bool changes_it = kind == kClear || (kind == kTag && HasTag(truth_.Current(one), tag)) ||
                            ((kind == kKey || kind == kPattern) && one.key == key);
    if (!changes_it) continue;
    Truth::NewVersion version{.ends_tag = kind == kTag ? tag : "", .logged = logged};
    if (!chance_.OneIn(6)) version.value = truth_.NewText();
    version.tags = TagsOf(version.value);
    changes.push_back(truth_.Commit(one, std::move(version), now()));
  }
  if (logged) {
    // The program's own transaction, with its row in the log.
    const uint64_t ticket = 1 + (chance_.engine()() >> 3);
    const std::string_view keys[] = {key};
    switch (kind) {
      case kKey:
        rows_->Delete(kPages, keys, ticket).IgnoreError();
        break;
      case kTag:
        rows_->DeleteTag(kPages, tag, ticket).IgnoreError();
        break;
      default:
        rows_->Clear(kPages, ticket).IgnoreError();
    }
  }
  for (size_t pause = chance_.Below(4); pause > 0; --pause) Fibers::Pause();
  if (processes_[index].dead) return;
  Coherence told = Coherence::kLocal;
  absl::Status status;
  switch (kind) {
    case kKey:
      status = pages.Invalidate(key, &told);
      break;
    case kTag:
      status = pages.InvalidateTag(tag, &told);
      break;
    case kPattern:
      status = pages.InvalidatePattern(absl::StrCat("*", key.substr(1)), &told).status();
      break;
    default:
      status = pages.Clear(&told);
  }
  Note("%zu changed %zu of pages (%d): %s, %s", index, changes.size(), kind,
       status.ToString().c_str(), CoherenceName(told));
  if (!status.ok() || processes_[index].dead) return;
  for (const Truth::Change& change : changes) {
    Note("  %s is version %zu", change.first.key.c_str(), change.second);
    truth_.Acknowledge(index, change);
    if (told == Coherence::kApplied) truth_.Apply(change, now());
  }
}

}  // namespace trivet::sim
