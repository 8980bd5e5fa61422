#include "tests/sim/model_world.h"

#include <algorithm>
#include <utility>

#include "tests/sim/model_operations.h"

namespace trivet::sim {

namespace {

constexpr uint32_t kClientsAtOnce = 5;
constexpr uint32_t kOperationsAtOnce = 24;
constexpr uint32_t kStepsMax = 6000;       // of a schedule; most need a few hundred
constexpr uint32_t kQuietRoundsMax = 400;  // until all is told

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  operations += other.operations;
  reads += other.reads;
  memory_hits += other.memory_hits;
  redis_hits += other.redis_hits;
  joins += other.joins;
  fills += other.fills;
  sets_kept += other.sets_kept;
  faults += other.faults;
  return *this;
}

Settings DrawSettings(uint64_t seed, const Rules& rules) {
  Random random(seed ^ 0x5E771465);
  Settings settings{.rules = rules};
  settings.processes = random.OneIn(8) ? 1 : 2 + random.Below(kMaxProcesses - 1);
  settings.keys = random.OneIn(2) ? 1 : 1 + random.Below(kMaxKeys);
  settings.parts = 1 + random.Below(std::min(settings.keys, kMaxParts));
  settings.versioned = random.OneIn(2);
  settings.client_operations = 6 + random.Below(24);
  settings.kinds = (random.Next() | random.Next()) | 1U << static_cast<int>(ClientKind::kGet);
  settings.faults = random.OneIn(6) ? 0 : random.Next() & (random.OneIn(2) ? ~0U : random.Next());
  settings.pace = random.OneIn(2) ? 1 : 1 + random.Below(8);
  settings.leisure = random.OneIn(2) ? 1 : 1 + random.Below(60);
  settings.tag_salt = random.Next();
  if (random.OneIn(8)) {
    settings.processes = 1;
    settings.keys = 1;
    settings.parts = 1;
    settings.faults = 0;
    settings.kinds = 1U << static_cast<int>(ClientKind::kGet) |
                     1U << static_cast<int>(ClientKind::kGuardedSet) |
                     1U << static_cast<int>(ClientKind::kPlainSet);
    settings.only_sets = true;
  }
  return settings;
}

World::World(const Settings& settings, uint64_t seed)
    : settings_(settings),
      random_(seed),
      clients_left_(settings.client_operations),
      store_(settings_),
      checker_(settings_, store_) {
  for (uint32_t part = 0; part < settings_.parts; ++part) redis_.emplace_back(settings_);
  for (uint32_t process = 0; process < settings_.processes; ++process) {
    processes_[process].emplace(settings_, process);
  }
}

void World::Run() {
  Settle();
  for (RedisPart& part : redis_) part.TakeSnapshot();
  for (uint32_t step = 0; step < kStepsMax; ++step) {
    if (clients_left_ == 0 && clients_at_work_ == 0) break;
    Step();
  }
  Settle();
  CheckTheEnd();
}

// --- What happens next
// ----------------------------------------------------------------------------

void World::Step() {
  if (clients_left_ > 0 && clients_at_work_ < kClientsAtOnce && random_.OneIn(3)) StartClient();
  const uint32_t choice = random_.Below(20);
  if (choice < 11) {
    Progress();
  } else if (choice < 14) {
    DeliverTo(random_.Below(settings_.processes), random_.Below(settings_.parts));
  } else if (choice < 17) {
    Upkeep(AnyProcess(), random_.Below(settings_.parts));
  } else if (choice < 19) {
    now_ += settings_.pace;
  } else {
    Break();
  }
}

void World::StartClient() {
  Process& process = AnyProcess();
  const uint32_t key = random_.Below(settings_.keys);
  ClientKind kind = ClientKind::kGet;
  if (random_.OneIn(2)) {
    kind = static_cast<ClientKind>(random_.Below(static_cast<uint32_t>(ClientKind::kCount)));
    if (!Has(settings_.kinds, static_cast<uint32_t>(kind))) return;
  }
  --clients_left_;
  ++tally_.operations;
  const KeySet all = (1U << settings_.keys) - 1;
  const TagSet tags = store_.TagsOf(key, store_.Current(key));
  Change change{.key = key, .logged = random_.OneIn(2)};
  KeySet changed = 1U << key;
  switch (kind) {
    case ClientKind::kGet:
    case ClientKind::kCount:
      return Start(process, Get(*this, process, key), true);
    case ClientKind::kGuardedSet:
    case ClientKind::kPlainSet:
      return Start(process, Set(*this, process, key, kind == ClientKind::kGuardedSet), true);
    case ClientKind::kInvalidateKey:
      if (settings_.versioned && random_.OneIn(2)) change.knows_version = true;
      break;
    case ClientKind::kInvalidateTag:
      change.kind = ChangeKind::kTag;
      change.tag = tags == 2 ? 1 : 0;
      // Whatever carried the tag may have changed.
      for (uint32_t other = 0; other < settings_.keys; ++other) {
        if (Has(store_.TagsOf(other, store_.Current(other)), change.tag) && random_.OneIn(2)) {
          changed |= 1U << other;
        }
      }
      break;
    case ClientKind::kClear:
      change.kind = ChangeKind::kClear;
      changed |= random_.Next() & all;
      break;
    case ClientKind::kInvalidatePattern:
      change.kind = ChangeKind::kPattern;
      change.keys = changed | (random_.Next() & all);
      changed |= change.keys & random_.Next();
      break;
  }
  Start(process, Invalidate(*this, process, change, changed), true);
}

void World::Start(const Process& process, Task task, bool of_client) {
  operations_.push_back({std::move(task), process.index(), of_client});
  if (of_client) ++clients_at_work_;
}

void World::Progress() {
  if (!strays_.empty() && random_.OneIn(16)) {
    const size_t index = random_.Below(static_cast<uint32_t>(strays_.size()));
    const Command stray = strays_[index];
    strays_.erase(strays_.begin() + static_cast<std::ptrdiff_t>(index));
    Execute(stray);
  }
  if (operations_.empty()) return;
  TakeStep(random_.Below(static_cast<uint32_t>(operations_.size())));
}

void World::TakeStep(size_t index) {
  Ask* const ask = operations_[index].task.ask();
  if (ask != nullptr && ask->state() == Ask::State::kSent) {
    Answer(operations_[index], *ask);
    return;
  }
  operations_[index].task.Resume();  // may start others, so that operations_ moves
  if (!operations_[index].task.done()) return;
  if (operations_[index].of_client) --clients_at_work_;
  std::swap(operations_[index], operations_.back());
  operations_.pop_back();
}

void World::Answer(Operation& operation, Ask& ask) {
  const Domain& domain = processes_[operation.process]->domain(ask.command().part);
  const bool may_be_sent = domain.trusted || ask.command().kind == CommandKind::kFence;
  if (!domain.connected || !may_be_sent) {
    ask.Answer(Reply::Lost());
  } else {
    ask.Answer(Execute(ask.command()));
  }
}

Reply World::Execute(const Command& command) {
  RedisPart& part = redis_[command.part];
  const Reply reply = part.Execute(command, now_);
  diary_.Executed(now_, command, reply);
  const bool stores = command.kind == CommandKind::kFill || command.kind == CommandKind::kRenew ||
                      command.kind == CommandKind::kEndWrite;
  if (stores && reply.won && part.Believable(command.key, now_) != nullptr) {
    checker_.StoredInRedis(command.key, command.version);
  }
  for (uint32_t process = 0; process < settings_.processes; ++process) {
    if (!processes_[process]->domain(command.part).subscribed) continue;
    for (const Record& record : part.published()) Queue(process, command.part).push_back(record);
  }
  return reply;
}

bool World::DeliverTo(uint32_t process, uint32_t part) {
  std::deque<Record>& queue = Queue(process, part);
  if (queue.empty()) return false;
  const Record record = queue.front();
  queue.pop_front();
  Note("process %u receives record %d of part %u, generation %u sequence %u", process,
       static_cast<int>(record.kind), part, record.generation,
       static_cast<unsigned>(record.sequence));
  processes_[process]->Receive(part, record);
  return true;
}

void World::Upkeep(Process& process, uint32_t part) {
  if (operations_.size() >= kOperationsAtOnce) return;
  Domain& domain = process.domain(part);
  if (!domain.connected) domain.connected = now_ >= down_until_[part] && !Coin();
  if (!domain.connected) return;
  if ((!domain.trusted || !domain.covered) && !domain.shakes_hands) {
    Start(process, ShakeHands(*this, process, part));
  }
  if (!domain.trusted) return;
  if (now_ >= domain.next_beat && !domain.beats) Start(process, Heartbeat(*this, process, part));
  if (!quiet_ && !random_.OneIn(settings_.leisure)) return;
  for (const auto& [change, of_part] : process.pending()) {
    if (of_part != part || Coin()) continue;
    Start(process, Tell(*this, process, change, part, {}, std::make_shared<Telling>()));
    break;
  }
  for (const ChangeId row : store_.log()) {
    const bool overdue = now_ - store_.change(row).committed >= settings_.relay_after;
    if (!Has(store_.change(row).untold, part) || (!overdue && !random_.OneIn(4))) continue;
    Start(process, Tell(*this, process, row, part, {}, std::make_shared<Telling>()));
    break;
  }
}

// --- For operations
// -------------------------------------------------------------------------------

ChangeId World::Commit(const Change& change, KeySet changed) {
  const ChangeId id = store_.Commit(change, changed, now_);
  checker_.Committed(store_.change(id));
  return id;
}

void World::Told(ChangeId change, uint32_t part) {
  if (store_.Told(change, part)) checker_.Told(store_.change(change), now_);
}

void World::Subscribe(Process& process, uint32_t part) {
  Domain& domain = process.domain(part);
  if (!domain.connected || domain.subscribed) return;
  Queue(process.index(), part).clear();
  domain.subscribed = true;
}

// --- Quiet
// ----------------------------------------------------------------------------------------

// Nothing breaks any more, everybody does what is to be done.
void World::Settle() {
  Note("--- all shall become quiet");
  quiet_ = true;
  now_ += settings_.bound;  // no proof from before counts
  for (uint32_t round = 0; round < kQuietRoundsMax; ++round) {
    now_ += settings_.heartbeat;
    for (uint32_t process = 0; process < settings_.processes; ++process) {
      for (uint32_t part = 0; part < settings_.parts; ++part) {
        while (DeliverTo(process, part)) {
        }
        Upkeep(*processes_[process], part);
      }
    }
    while (!strays_.empty()) {
      Execute(strays_.back());
      strays_.pop_back();
    }
    for (size_t steps = operations_.size() * 4; steps > 0 && !operations_.empty(); --steps) {
      TakeStep(steps % operations_.size());
    }
    if (IsQuiet()) {
      quiet_ = false;
      return;
    }
  }
  checker_.Report(Violation::kStuck);
  quiet_ = false;
}

bool World::IsQuiet() {
  if (!operations_.empty() || !strays_.empty() || !store_.log().empty()) return false;
  for (uint32_t process = 0; process < settings_.processes; ++process) {
    if (!processes_[process]->pending().empty()) return false;
    for (uint32_t part = 0; part < settings_.parts; ++part) {
      const Domain& domain = processes_[process]->domain(part);
      const bool proven = domain.memory_until > now_ && domain.redis_until > now_;
      if (!domain.covered || !proven || !Queue(process, part).empty()) return false;
    }
  }
  return true;
}

void World::CheckTheEnd() {
  for (uint32_t key = 0; key < settings_.keys; ++key) {
    const Slot* slot = redis_[settings_.PartOf(key)].Believable(key, now_);
    if (slot != nullptr && checker_.IsOver(key, slot->version)) {
      checker_.Report(Violation::kRedisDiverged);
    }
    for (uint32_t process = 0; process < settings_.processes; ++process) {
      const Entry* entry = processes_[process]->Find(key, now_);
      if (entry != nullptr && checker_.IsOver(key, entry->version)) {
        checker_.Report(Violation::kMemoryDiverged);
      }
    }
  }
  if (!checker_.ok()) return;
  // A protocol that keeps nothing would pass so far. What is loaded now must stay. (Claims of the
  // dead are gone by then.)
  now_ += settings_.claim_life;
  Settle();
  for (uint32_t key = 0; key < settings_.keys; ++key) {
    for (uint32_t process = 0; process < settings_.processes; ++process) {
      RunAlone(Get(*this, *processes_[process], key), *processes_[process]);
      if (processes_[process]->Find(key, now_) == nullptr) checker_.Report(Violation::kNotServing);
    }
  }
}

void World::RunAlone(Task task, const Process& process) {
  Start(process, std::move(task));
  quiet_ = true;
  while (!operations_.empty()) TakeStep(0);
  quiet_ = false;
}

}  // namespace trivet::sim
