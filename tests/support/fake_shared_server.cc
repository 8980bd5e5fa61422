// The server of the fake: its data, its faults, and who is told.
#include <algorithm>

#include "tests/support/fake_shared_tier.h"

namespace trivet::testing {

using engine::MutexLock;

void FakeSharedServer::Flush() {
  MutexLock lock(mutex_);
  parts_.clear();
}

void FakeSharedServer::Evict(const SharedPart& part, std::string_view key) {
  MutexLock lock(mutex_);
  if (parts_[NameOf(part)].generation != part.generation) return;
  auto& slots = parts_[NameOf(part)].slots;
  if (const auto slot = slots.find(key); slot != slots.end()) slots.erase(slot);
}

void FakeSharedServer::EvictAnywhere(const SharedPart& part, std::string_view key) {
  MutexLock lock(mutex_);
  auto& slots = parts_[NameOf(part)].slots;
  if (const auto slot = slots.find(key); slot != slots.end()) slots.erase(slot);
}

void FakeSharedServer::PublishRubbish(const SharedPart& part) {
  {
    MutexLock lock(mutex_);
    for (const auto& [id, subscriber] : subscribers_) {
      const auto index = subscriber.parts.find(NameOf(part));
      if (index == subscriber.parts.end()) continue;
      calls_.push_back(
          {id, [at = index->second](SharedListener& listener) { listener.OnUnreadable(at); }});
    }
  }
  CallListeners();
}

void FakeSharedServer::TakeSnapshot() {
  MutexLock lock(mutex_);
  snapshot_ = parts_;
}

void FakeSharedServer::FailOver() {
  {
    MutexLock lock(mutex_);
    parts_ = snapshot_;
    ++run_;
    for (const auto& [id, subscriber] : subscribers_) {
      calls_.push_back({id, [](SharedListener& listener) {
                          listener.OnLost(absl::UnavailableError("the server is gone"));
                        }});
      calls_.push_back({id, [](SharedListener& listener) { listener.OnListening(); }});
    }
  }
  CallListeners();
}

void FakeSharedServer::SetFull(bool full) {
  MutexLock lock(mutex_);
  full_ = full;
}

FakeSharedServer::Part* FakeSharedServer::Current(const SharedPart& part) {
  const auto found = parts_.find(NameOf(part));
  if (found == parts_.end() || part.server != run_) return nullptr;
  const uint64_t generation = found->second.generation;
  return generation != 0 && generation == part.generation ? &found->second : nullptr;
}

FakeSharedServer::Slot& FakeSharedServer::SlotOf(Part& part, std::string_view key) {
  Slot& slot = part.slots[std::string(key)];
  if (slot.until <= clock_.Elapsed()) slot = Slot();
  return slot;
}

bool FakeSharedServer::IsStamped(const Part& part, std::span<const std::string> tags,
                                 uint64_t birth) const {
  return std::any_of(tags.begin(), tags.end(), [&](const std::string& tag) {
    const auto stamp = part.stamps.find(tag);
    return (stamp == part.stamps.end() ? part.forgotten : stamp->second) > birth;
  });
}

FakeSharedServer::Slot FakeSharedServer::ValueOf(uint64_t token, const SharedWrite& write) const {
  const std::set<std::string> tags(write.tags.begin(), write.tags.end());
  return {.state = State::kValue,
          .token = token,
          .version = write.version,
          .value = {.value = std::string(write.value),
                    .negative = write.negative,
                    .version = write.version,
                    .tags = {tags.begin(), tags.end()},
                    .birth = write.birth,
                    .ttl = write.ttl},
          .until = clock_.Elapsed() + write.ttl};
}

FakeSharedServer::Slot FakeSharedServer::MarkOf(State state, uint64_t token, uint64_t version,
                                                absl::Duration life) const {
  return {.state = state, .token = token, .version = version, .until = clock_.Elapsed() + life};
}

// What a change does to a key if it brings no value of its own.
void FakeSharedServer::Tell(Slot& slot, bool own, uint64_t token, uint64_t version) {
  if (slot.state == State::kWriting && !own) {
    slot.version = std::max(slot.version, version);
    if (version == 0) slot.dirtied = true;
  } else if (slot.state == State::kValue && version > 0 && slot.version >= version) {
    return;
  } else {
    slot = MarkOf(State::kTomb, token, std::max(slot.version, version), options_.tomb_life);
  }
}

void FakeSharedServer::Publish(const SharedPart& name, Part& part, uint64_t origin,
                               std::vector<SharedRecord> records) {
  const SharedMessage message{.origin = origin,
                              .generation = part.generation,
                              .sequence = part.sequence + 1,
                              .records = std::move(records)};
  part.sequence += message.records.size();
  for (const auto& [id, subscriber] : subscribers_) {
    const auto index = subscriber.parts.find(NameOf(name));
    if (index == subscriber.parts.end()) continue;
    calls_.push_back({id, [at = index->second, message](SharedListener& listener) {
                        listener.OnMessage(at, message);
                      }});
  }
}

void FakeSharedServer::CallListeners() {
  MutexLock lock(mutex_);
  if (calling_) return;  // whoever does will go on with ours
  calling_ = true;
  while (!calls_.empty()) {
    const Call call = std::move(calls_.front());
    calls_.pop_front();
    const auto subscriber = subscribers_.find(call.subscriber);
    if (subscriber == subscribers_.end()) continue;
    SharedListener& listener = *subscriber->second.listener;
    called_ = call.subscriber;
    mutex_.Unlock();
    call.call(listener);
    mutex_.Lock();
    called_ = 0;
    call_ended_.SignalAll();
  }
  calling_ = false;
}

void FakeSharedServer::Unsubscribe(uint64_t subscriber) {
  MutexLock lock(mutex_);
  subscribers_.erase(subscriber);
  while (called_ == subscriber) call_ended_.Wait(mutex_);
}

}  // namespace trivet::testing
