// Set and Invalidate: the store first, then Redis, then memory; and how Redis is told.
#include <algorithm>
#include <vector>

#include "tests/sim/model_operations.h"

namespace trivet::sim {

namespace {

// The commands that tell a part of a change, in order.
std::vector<Command> Plan(const World& world, const Change& change, uint32_t part,
                          Generation generation, const OwnWrite& own) {
  const Settings& settings = world.settings();
  Command command{.part = part,
                  .generation = generation,
                  .key = change.key,
                  .tag = change.tag,
                  .keys = change.keys};
  switch (change.kind) {
    case ChangeKind::kKey:
      command.kind = CommandKind::kEndWrite;
      command.token = own.token;
      command.with_value = own.with_value;
      command.version = change.version;
      command.tags = own.tags;
      command.birth = own.birth;
      return {command};
    case ChangeKind::kTag:
      command.kind = CommandKind::kInvalidateTag;
      return {command};
    case ChangeKind::kClear:
      command.kind = CommandKind::kClear;
      return {command};
    case ChangeKind::kPattern:
      break;
  }
  std::vector<Command> plan;
  command.kind = CommandKind::kScan;
  for (uint32_t key = 0; key < settings.keys && settings.Keep(Rule::kPatternScans); ++key) {
    if (!Has(change.keys, key) || settings.PartOf(key) != part) continue;
    command.key = key;
    plan.push_back(command);
  }
  if (settings.Keep(Rule::kPatternIsARecord)) {
    command.kind = CommandKind::kPatternRecord;
    plan.push_back(command);
    if (!settings.Keep(Rule::kScanBeforeTheRecord)) {
      std::rotate(plan.begin(), plan.end() - 1, plan.end());
    }
  }
  return plan;
}

}  // namespace

Task Tell(World& world, Process& process, ChangeId id, uint32_t part, OwnWrite own,
          std::shared_ptr<Telling> telling) {
  const Change change = world.store().change(id);
  const bool skipped =
      part > 0 && change.kind != ChangeKind::kKey && !world.Keep(Rule::kEveryPartIsTold);
  const bool own_and_versionless = own.token != 0 && !world.settings().versioned;
  while (true) {
    if (!process.domain(part).trusted) {
      // A handshake is needed first. Waiting for it ends, too.
      if (world.random().OneIn(8)) break;
      co_await Pause();
      continue;
    }
    ReplyStatus status = ReplyStatus::kDone;
    if (!skipped) {
      for (const Command& command :
           Plan(world, change, part, process.domain(part).generation, own)) {
        const Reply reply = co_await Ask(command);
        status = reply.status;
        telling->stored = reply.won;
        if (status != ReplyStatus::kDone) break;
      }
    }
    if (status == ReplyStatus::kStale) {
      process.Distrust(part);
      if (world.Keep(Rule::kStaleGenerationIsRepeated)) continue;
    }
    if (status == ReplyStatus::kLost && world.Keep(Rule::kLostRepliesArePending)) {
      if (own_and_versionless || world.random().OneIn(2)) break;
      continue;
    }
    process.RemovePending(id, part);
    world.Told(id, part);
    telling->state = Telling::State::kTold;
    co_return;
  }
  telling->state = Telling::State::kGaveUp;
}

Task Set(World& world, Process& process, uint32_t key, bool guarded) {
  const uint32_t part = world.settings().PartOf(key);
  while (process.HasOpenWrite(key) && world.Keep(Rule::kWritesOfAKeyAreInLine)) co_await Pause();
  OwnWrite own{.token = world.NewToken()};
  Flight& flight = process.BeginWrite(key, own.token, world.now());
  co_await Pause();
  if (guarded && process.domain(part).trusted) {
    const Reply begun = co_await Ask(Command{.kind = CommandKind::kBeginWrite,
                                             .part = part,
                                             .generation = process.domain(part).generation,
                                             .key = key,
                                             .token = own.token});
    if (begun.status == ReplyStatus::kStale) process.Distrust(part);
    own.with_value = begun.status == ReplyStatus::kDone;
    own.birth = begun.sequence;
  }
  co_await Pause();

  const ChangeId change = world.Commit(
      {.kind = ChangeKind::kKey, .key = key, .knows_version = true, .logged = true}, 1U << key);
  const Version version = world.store().Current(key);
  own.tags = world.store().TagsOf(key, version);
  world.Note("process %u: set of key %u token %llu commits version %u", process.index(), key,
             static_cast<unsigned long long>(own.token), version);
  const auto telling = std::make_shared<Telling>();
  world.Start(process, Tell(world, process, change, part, own, telling));
  while (telling->state == Telling::State::kUnderWay) co_await Pause();

  const bool told = telling->state == Telling::State::kTold;
  if (!told) process.AddPending(change, part, true);
  world.Note("process %u: set of key %u version %u ends%s", process.index(), key, version,
             told ? " told" : " pending");
  process.EndWrite(flight, version, own.tags, told, telling->stored);
  if (telling->stored) ++world.tally().sets_kept;
  world.checker().Acknowledged(process.index(), world.store().change(change));
}

Task Invalidate(World& world, Process& process, Change change, KeySet changed) {
  const ChangeId id = world.Commit(change, changed);
  change = world.store().change(id);
  world.Note("process %u: change %u kind %d key %u tag %u keys %x committed, truths %x changed",
             process.index(), static_cast<unsigned>(id), static_cast<int>(change.kind), change.key,
             change.tag, change.keys, changed);
  co_await Pause();
  if (!world.Keep(Rule::kPoisonAfterRedis)) process.Apply(change);
  std::vector<std::pair<uint32_t, std::shared_ptr<Telling>>> tellings;
  for (uint32_t part = 0; part < world.settings().parts; ++part) {
    if (!Has(change.untold, part)) continue;
    tellings.emplace_back(part, std::make_shared<Telling>());
    world.Start(process, Tell(world, process, id, part, OwnWrite{}, tellings.back().second));
  }
  for (const auto& [part, telling] : tellings) {
    while (telling->state == Telling::State::kUnderWay) co_await Pause();
    if (telling->state == Telling::State::kGaveUp) {
      process.AddPending(id, part, change.kind == ChangeKind::kKey);
    }
  }
  if (world.Keep(Rule::kPoisonAfterRedis)) process.Apply(change);
  world.Note("process %u: change %u ends", process.index(), static_cast<unsigned>(id));
  world.checker().Acknowledged(process.index(), change);
}

}  // namespace trivet::sim
