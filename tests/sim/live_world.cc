#include "tests/sim/live_world.h"

#include <algorithm>
#include <cstdarg>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/check.h"
#include "engine/random.h"

namespace trivet::sim {
namespace {

constexpr size_t kTurnsMax = 200'000;
// Until claims and marks that nobody ends have expired.
constexpr int kQuietSteps = 12;
constexpr size_t kQuietTurns = 500;

// Processes that were there at some time; those that follow dead ones count, too.
constexpr size_t kProcessesMax = 8;

}  // namespace

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
                    .claim_wait = absl::Milliseconds(chance.Coin() ? 50 : 0),
                    .policy = chance.Coin() ? "lru" : "s3fifo",
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
      truth_(kProcessesMax) {
  engine::UseRandom(&random_);
  processes_.reserve(kProcessesMax);  // clients hold on to theirs
}

LiveWorld::~LiveWorld() {
  for (Process& process : processes_) process.cache.reset();
  fibers_.Run(kTurnsMax);
  engine::UseRandom(nullptr);
}

void LiveWorld::Start() {
  const size_t index = processes_.size();
  Process& process = processes_.emplace_back();
  process.line = std::make_shared<Line>(&server_, &fibers_, &chance_);
  process.line->weather() = settings_.weather;
  process.store = std::make_shared<SimStore>(rows_, &truth_, &clock_, &chance_);
  if (settings_.calm != 0 && chance_.Coin()) process.store->SetTroubles(20);
  CacheOptions options;
  options.max_entries = 100;
  options.shards = 1;
  options.policy = settings_.policy;
  options.background_maintenance = false;
  options.backing = process.store;
  options.shared = process.line;
  options.coherence = {.staleness_max = kBound,
                       .heartbeat = absl::Milliseconds(500),
                       .claim_wait = settings_.claim_wait,
                       .relay_max = kRelay};
  options.clock = &clock_;
  auto cache = Cache::Open(std::move(options));
  TRIVET_CHECK(cache.ok(), cache.status().ToString());
  process.cache = *std::move(cache);
  process.cache->In(kUsers, {.guarded_writes = settings_.guarded});
  process.cache->In(kPages, {.use_backing = false});
  ++upkeeps_;
  fibers_.Spawn([this, index] { Upkeep(index); });
  for (size_t client = 0; client < settings_.clients; ++client) {
    ++clients_;
    fibers_.Spawn([this, index] { Client(index); });
  }
}

LiveTally LiveWorld::Run() {
  tally_.schedules = 1;
  while (processes_.size() < settings_.processes) Start();
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
  const size_t index = chance_.Below(processes_.size());
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
      if (process.dead) {
        if (processes_.size() == kProcessesMax) return;
        Note("process %zu takes the place of %zu", processes_.size(), index);
        return Start();
      }
      if (!settings_.deaths || !chance_.OneIn(6)) return;
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

Truth::Value LiveWorld::ValueOf(const Result& result) {
  if (!result.value) return std::nullopt;
  return std::string(result.bytes());
}

// --- The end ------------------------------------------------------------------------------------

void LiveWorld::CheckQuiet() {
  for (size_t i = 0; i < processes_.size(); ++i) {
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
