// World: what breaks.
#include <utility>

#include "tests/sim/model_world.h"

namespace trivet::sim {

void World::Break() {
  if (settings_.faults == 0) return;
  if (random_.OneIn(3)) {
    for (RedisPart& part : redis_) {
      if (random_.OneIn(2)) part.TakeSnapshot();
    }
  }
  const auto fault = static_cast<Fault>(random_.Below(static_cast<uint32_t>(Fault::kCount)));
  if (!Has(settings_.faults, static_cast<uint32_t>(fault))) return;
  ++tally_.faults;
  Note("fault %d", static_cast<int>(fault));
  Inflict(fault);
}

void World::Inflict(Fault fault) {
  const uint32_t process = random_.Below(settings_.processes);
  const uint32_t part = random_.Below(settings_.parts);
  const uint32_t key = random_.Below(settings_.keys);
  const uint32_t tag = random_.Below(kTagCount);
  std::deque<Record>& queue = Queue(process, part);
  switch (fault) {
    case Fault::kEvictSlot:
      redis_[settings_.PartOf(key)].EvictSlot(key);
      break;
    case Fault::kEvictHash:
      redis_[part].EvictHash();
      break;
    case Fault::kPruneStamp:
      redis_[part].PruneStamp(tag);
      break;
    case Fault::kFlush:
      redis_[part].Flush();
      break;
    case Fault::kFailOver:
      redis_[part].FailOver();
      CutAll(part);
      // What was sent to the server that failed does not reach the one that took over.
      std::erase_if(strays_, [&](const Command& stray) { return stray.part == part; });
      break;
    case Fault::kOutage:
      down_until_[part] = now_ + random_.Below(4 * static_cast<uint32_t>(settings_.bound));
      CutAll(part);
      break;
    case Fault::kLoseConnection:
      CutConnection(process, part);
      break;
    case Fault::kLoseSubscription:
      CutSubscription(process, part);
      break;
    case Fault::kLoseMessage:
      if (!queue.empty()) {
        queue.erase(queue.begin() + random_.Below(static_cast<uint32_t>(queue.size())));
      }
      break;
    case Fault::kRepeatMessage:
      if (!queue.empty())
        queue.push_back(queue[random_.Below(static_cast<uint32_t>(queue.size()))]);
      break;
    case Fault::kSwapMessages:
      if (queue.size() > 1) std::swap(queue.front(), queue.back());
      break;
    case Fault::kEvictEntry:
      processes_[process]->Evict(key);
      break;
    case Fault::kForgetTag:
      processes_[process]->ForgetTag(tag);
      break;
    case Fault::kDeath:
      Kill(process);
      break;
    case Fault::kLeap:
      now_ += random_.Below(2 * static_cast<uint32_t>(settings_.bound));
      break;
    case Fault::kCount:
      break;
  }
}

// Commands under way are lost, or their replies are, or they arrive when nobody thinks of them any
// more.
void World::CutConnection(uint32_t process, uint32_t part) {
  const bool was_trusted =
      processes_[process]->domain(part).trusted;  // else only handshakes were sent
  processes_[process]->LoseConnection(part);
  for (Operation& operation : operations_) {
    Ask* const ask = operation.task.ask();
    if (ask == nullptr || operation.process != process || ask->command().part != part) continue;
    const bool sent = was_trusted || ask->command().kind == CommandKind::kFence;
    if (ask->state() == Ask::State::kSent && sent && random_.OneIn(2)) {
      strays_.push_back(ask->command());
    }
    if (ask->state() == Ask::State::kSent || random_.OneIn(2)) {
      ask->Answer(Reply::Lost());
    }
  }
}

void World::CutSubscription(uint32_t process, uint32_t part) {
  processes_[process]->LoseSubscription(part);
  Queue(process, part).clear();
}

void World::CutAll(uint32_t part) {
  for (uint32_t process = 0; process < settings_.processes; ++process) {
    CutConnection(process, part);
    CutSubscription(process, part);
  }
}

// kill -9, and another one starts in its place.
void World::Kill(uint32_t process) {
  for (uint32_t part = 0; part < settings_.parts; ++part) {
    CutConnection(process, part);
    Queue(process, part).clear();
  }
  std::erase_if(operations_, [&](const Operation& operation) {
    if (operation.process != process) return false;
    if (operation.of_client) --clients_at_work_;
    return true;
  });
  processes_[process].emplace(settings_, process);
  checker_.Died(process);
}

}  // namespace trivet::sim
