#include "sync/audience.h"

#include <utility>

namespace trivet::sync {

using engine::MutexLock;

void Audience::Enter(std::shared_ptr<Seat> seat) {
  MutexLock lock(mutex_);
  for (const std::string& channel : seat->channels) by_channel_[channel].push_back(seat);
  news_.entered.push_back(seat);
  seats_.push_back(std::move(seat));
}

void Audience::Leave(Seat& seat) {
  const auto is_this = [&seat](const std::shared_ptr<Seat>& one) { return one.get() == &seat; };
  MutexLock lock(mutex_);
  seat.left = true;
  for (const std::string& channel : seat.channels) {
    const auto listeners = by_channel_.find(channel);
    std::erase_if(listeners->second, is_this);
    if (!listeners->second.empty()) continue;
    by_channel_.erase(listeners);
    news_.deserted.push_back(channel);
  }
  std::erase_if(news_.entered, is_this);
  std::erase_if(seats_, is_this);
  while (called_ == &seat) returned_.Wait(mutex_);
}

bool Audience::empty() const {
  MutexLock lock(mutex_);
  return seats_.empty();
}

bool Audience::Has(const Seat& seat) const {
  MutexLock lock(mutex_);
  return !seat.left;
}

Audience::News Audience::TakeNews() {
  MutexLock lock(mutex_);
  News news = std::exchange(news_, {});
  // Somebody may have come for one of them meanwhile.
  std::erase_if(news.deserted, [this](const std::string& channel) {
    mutex_.AssertHeld();
    return by_channel_.contains(channel);
  });
  return news;
}

std::vector<std::shared_ptr<Seat>> Audience::TakeAll() {
  MutexLock lock(mutex_);
  news_ = {};
  return seats_;
}

std::vector<std::shared_ptr<Seat>> Audience::ListenersOf(std::string_view channel) const {
  MutexLock lock(mutex_);
  const auto listeners = by_channel_.find(channel);
  if (listeners == by_channel_.end()) return {};
  return listeners->second;
}

void Audience::Tell(Seat& seat, absl::FunctionRef<void(ChannelListener&)> call) {
  {
    MutexLock lock(mutex_);
    if (seat.left) return;
    called_ = &seat;
  }
  call(seat.listener);
  {
    MutexLock lock(mutex_);
    called_ = nullptr;
  }
  returned_.SignalAll();
}

}  // namespace trivet::sync
