#include "tests/sim/live_world.h"

#include <algorithm>
#include <cstdarg>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/check.h"
#include "engine/random.h"

namespace trivet::sim {
namespace {

constexpr absl::Duration kBound = absl::Seconds(2);
constexpr absl::Duration kRelay = absl::Milliseconds(500);
constexpr size_t kTurnsMax = 200'000;
// Until claims and marks that nobody ends have expired.
constexpr int kQuietSteps = 12;
constexpr size_t kQuietTurns = 500;

constexpr char kUsers[] = "users";  // whose truth is in the store
constexpr char kPages[] = "pages";  // whose truth is the program's

CoherenceOptions CoherenceOfAll() {
  return {.staleness_max = kBound,
          .heartbeat = absl::Milliseconds(500),
          .claim_wait = absl::ZeroDuration(),
          .relay_max = kRelay};
}

// The text of an answer; nullopt: there is nothing.
Truth::Value ValueOf(const Result& result) {
  if (!result.value) return std::nullopt;
  return std::string(result.bytes());
}

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

LiveTally& LiveTally::operator+=(const LiveTally& other) {
  schedules += other.schedules;
  turns += other.turns;
  reads += other.reads;
  memory_hits += other.memory_hits;
  shared_hits += other.shared_hits;
  changes += other.changes;
  faults += other.faults;
  read_your_writes += other.read_your_writes;
  bound += other.bound;
  diverged += other.diverged;
  not_served += other.not_served;
  stuck += other.stuck;
  return *this;
}

std::string Summary(const LiveTally& tally) {
  return absl::StrCat(
      tally.schedules, " schedules, ", tally.turns, " turns, ", tally.reads, " reads (",
      tally.memory_hits, " from memory, ", tally.shared_hits, " from the shared tier), ",
      tally.changes, " changes, ", tally.faults, " faults, ", tally.violations(), " violations",
      tally.violations() == 0
          ? ""
          : absl::StrCat(" (read-your-writes ", tally.read_your_writes, ", bound ", tally.bound,
                         ", diverged ", tally.diverged, ", not served ", tally.not_served,
                         ", stuck ", tally.stuck, ")"));
}

LiveWorld::Settings LiveWorld::Draw(Chance& chance) {
  Settings settings{.processes = 1 + chance.Below(3),
                    .clients = 1 + chance.Below(3),
                    .operations = 20 + chance.Below(60),
                    .keys = 1 + chance.Below(3),
                    .parts = 1 + chance.Below(2),
                    .guarded = chance.Below(3) != 0,
                    .calm = chance.OneIn(4) ? 0 : 20 + chance.Below(200),
                    .leaps = chance.Coin() ? 0 : 200 + chance.Below(2000),
                    .deaths = chance.OneIn(3),
                    .weather = {}};
  if (chance.Coin()) {
    settings.weather = {.lost_request = chance.Coin() ? 5 + chance.Below(60) : 0,
                        .lost_reply = chance.Coin() ? 5 + chance.Below(60) : 0,
                        .lost_message = chance.Coin() ? 5 + chance.Below(60) : 0,
                        .repeated_message = chance.Coin() ? 5 + chance.Below(60) : 0,
                        .swapped_message = chance.Coin() ? 5 + chance.Below(60) : 0};
  }
  return settings;
}

LiveWorld::LiveWorld(uint64_t seed, std::FILE* diary)
    : chance_(seed),
      random_(chance_.engine()),
      settings_(Draw(chance_)),
      diary_(diary),
      fibers_([this](size_t fibers) { return NextFiber(fibers); }),
      server_(&clock_, {.parts = static_cast<uint32_t>(settings_.parts)}),
      rows_(std::make_shared<testing::MemoryBacking>(&clock_)),
      truth_(settings_.processes) {
  engine::UseRandom(&random_);
  processes_.resize(settings_.processes);
  for (size_t i = 0; i < settings_.processes; ++i) Open(i);
}

LiveWorld::~LiveWorld() {
  for (Process& process : processes_) process.cache.reset();
  fibers_.Run(kTurnsMax);
  engine::UseRandom(nullptr);
}

void LiveWorld::Open(size_t index) {
  Process& process = processes_[index];
  process.line = std::make_shared<Line>(&server_, &fibers_, &chance_);
  process.line->weather() = settings_.weather;
  process.store = std::make_shared<SimStore>(rows_, &truth_, &clock_, &chance_);
  if (settings_.calm != 0 && chance_.Coin()) process.store->SetTroubles(20);
  CacheOptions options;
  options.max_entries = 100;
  options.shards = 1;
  options.policy = "lru";
  options.background_maintenance = false;
  options.backing = process.store;
  options.shared = process.line;
  options.coherence = CoherenceOfAll();
  options.clock = &clock_;
  auto cache = Cache::Open(std::move(options));
  TRIVET_CHECK(cache.ok(), cache.status().ToString());
  process.cache = *std::move(cache);
  process.cache->In(kUsers, {.guarded_writes = settings_.guarded});
  process.cache->In(kPages, {.use_backing = false});
}

LiveTally LiveWorld::Run() {
  tally_.schedules = 1;
  for (size_t i = 0; i < settings_.processes; ++i) {
    ++upkeeps_;
    fibers_.Spawn([this, i] { Upkeep(i); });
    for (size_t client = 0; client < settings_.clients; ++client) {
      ++clients_;
      fibers_.Spawn([this, i] { Client(i); });
    }
  }
  while (clients_ > 0 && tally_.turns < kTurnsMax) fibers_.Run(100);
  if (clients_ > 0) ++tally_.stuck;
  Heal();
  for (int i = 0; i < kQuietSteps; ++i) {
    clock_.Advance(absl::Seconds(1));
    fibers_.Run(kQuietTurns);
  }
  fibers_.Run(8 * kQuietTurns);
  bool checked = false;
  fibers_.Spawn([this, &checked] {
    CheckQuiet();
    checked = true;
  });
  while (!checked && tally_.turns < 2 * kTurnsMax) fibers_.Run(10);
  if (!checked) ++tally_.stuck;
  stopping_ = true;
  while (upkeeps_ > 0) fibers_.Run(10);
  for (const Process& process : processes_) tally_.faults += process.line->faults();
  return tally_;
}

// --- What happens by itself ---------------------------------------------------------------------

size_t LiveWorld::NextFiber(size_t fibers) {
  ++tally_.turns;
  if (chance_.OneIn(8)) clock_.Advance(absl::Milliseconds(chance_.Below(10)));
  if (!quiet_ && chance_.OneIn(settings_.leaps)) {
    clock_.Advance(absl::Milliseconds(chance_.Below(3000)));
  }
  if (!quiet_ && chance_.OneIn(settings_.calm)) SomethingHappens();
  return chance_.Below(fibers);
}

void LiveWorld::SomethingHappens() {
  ++tally_.faults;
  const size_t index = chance_.Below(settings_.processes);
  Process& process = processes_[index];
  switch (chance_.Below(9)) {
    case 0:
      Note("the server forgets everything");
      return server_.Flush();
    case 1:
      Note("a snapshot is taken");
      return server_.TakeSnapshot();
    case 2:
      Note("another server takes over");
      return server_.FailOver();
    case 3:
      return server_.SetFull(chance_.Coin());
    case 4:
    case 5:
      if (process.dead) return;
      Note("the line of %zu is %s", index, process.line->cut() ? "mended" : "cut");
      return process.line->SetCut(!process.line->cut());
    case 6:
      Note("the subscriptions of %zu break", index);
      return process.line->BreakSubscriptions();
    case 7: {
      const std::string key = AnyKey();
      for (uint32_t part = 0; part < settings_.parts; ++part) {
        server_.EvictAnywhere({.space = chance_.Coin() ? kUsers : kPages, .part = part}, key);
      }
      return;
    }
    default:
      if (!settings_.deaths || !chance_.OneIn(6) || process.dead) return;
      Note("process %zu dies", index);
      process.dead = true;
      process.line->SetCut(true);
      process.store->SetDead();
  }
}

void LiveWorld::Upkeep(size_t index) {
  const Process& process = processes_[index];
  while (!stopping_ && !process.dead) {
    process.cache->Maintain(1000);
    for (size_t i = chance_.Below(12); i > 0; --i) Fibers::Pause();
    Fibers::Pause();
  }
  --upkeeps_;
}

void LiveWorld::Heal() {
  Note("all is well from now on");
  quiet_ = true;
  server_.SetFull(false);
  for (Process& process : processes_) {
    if (process.dead) continue;
    process.line->SetCut(false);
    process.line->weather() = {};
    process.store->SetTroubles(0);
  }
}

// --- What clients do ----------------------------------------------------------------------------

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
  if (*place >= over.by_itself.size()) return;  // newer than the read
  if (over.by_itself[*place]) {
    Note("  VIOLATION: its own change is missing");
    ++tally_.read_your_writes;
  } else if (over.by_others[*place]) {
    Note("  VIOLATION: older than the bound");
    ++tally_.bound;
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
  const Truth::Over over = truth_.OverAt(index, key, now(), bound, relay);
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
      status = users.DeleteTag(AnyTag(), &told);
      break;
    case 2:
      if (!chance_.OneIn(3)) return Store(index);
      status = users.Clear(&told);
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

// --- The end ------------------------------------------------------------------------------------

void LiveWorld::CheckQuiet() {
  for (size_t i = 0; i < settings_.processes; ++i) {
    if (processes_[i].dead) continue;
    for (size_t k = 0; k < settings_.keys; ++k) {
      const std::string name = absl::StrCat("k", k);
      const Truth::Key user{kUsers, name};
      const Truth::Key page{kPages, name};
      Namespace users = processes_[i].cache->In(kUsers);
      Namespace pages = processes_[i].cache->In(kPages);
      const auto load = [&](trivet::Load&) -> Loaded { return truth_.Current(page); };
      for (int turn = 0; turn < 2; ++turn) {
        const auto from_store = users.Get(name);
        const auto from_loader = pages.GetOrLoad(name, load);
        const bool right = from_store.ok() && from_loader.ok() &&
                           ValueOf(*from_store) == truth_.Current(user) &&
                           ValueOf(*from_loader) == truth_.Current(page);
        if (!right) {
          Note("  VIOLATION: %zu reads %s: %s, %s in the end", i, name.c_str(),
               from_store.ok() ? ValueOf(*from_store).value_or("-").c_str()
                               : from_store.status().ToString().c_str(),
               from_loader.ok() ? ValueOf(*from_loader).value_or("-").c_str()
                                : from_loader.status().ToString().c_str());
          ++tally_.diverged;
        }
        if (turn == 0 || !right) continue;
        const bool served = (!*from_store || from_store->tier == Tier::kMemory) &&
                            (!*from_loader || from_loader->tier == Tier::kMemory);
        if (!served) {
          Note("  VIOLATION: %zu is not served %s from memory, but from %s and %s", i, name.c_str(),
               TierName(from_store->tier), TierName(from_loader->tier));
          ++tally_.not_served;
        }
      }
    }
  }
}

void LiveWorld::Note(const char* format, ...) {
  if (diary_ == nullptr) return;
  std::fprintf(diary_, "%8.3f  ", absl::ToDoubleSeconds(now()));
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(diary_, format, arguments);
  va_end(arguments);
  std::fputc('\n', diary_);
}

}  // namespace trivet::sim
