#include "tests/sim/live_line.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace trivet::sim {
namespace {

// What commands are made of, so that they outlive who sent them.
class OwnPart {
 public:
  explicit OwnPart(const SharedPart& part) : space_(part.space), part_(part) {}
  SharedPart Get() const {
    SharedPart own = part_;
    own.space = space_;
    return own;
  }

 private:
  std::string space_;
  SharedPart part_;
};

class OwnWrite {
 public:
  explicit OwnWrite(const SharedWrite& write)
      : value_(write.value), tags_(write.tags.begin(), write.tags.end()), write_(write) {}
  SharedWrite Get() const {
    SharedWrite own = write_;
    own.value = value_;
    own.tags = tags_;
    return own;
  }

 private:
  std::string value_;
  std::vector<std::string> tags_;
  SharedWrite write_;
};

class OwnClaim {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a copy of it
  OwnClaim(const SharedClaim& claim) : key_(claim.key), claim_(claim) {}
  SharedClaim Get() const {
    SharedClaim own = claim_;
    own.key = key_;
    return own;
  }

 private:
  std::string key_;
  SharedClaim claim_;
};

class OwnFill {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a copy of it
  OwnFill(const SharedFill& fill) : key_(fill.key), token_(fill.token), write_(fill.write) {}
  SharedFill Get() const { return {.key = key_, .token = token_, .write = write_.Get()}; }

 private:
  std::string key_;
  uint64_t token_;
  OwnWrite write_;
};

absl::Status Gone() { return absl::UnavailableError("the line is cut"); }
absl::Status Late() { return absl::DeadlineExceededError("lost on the way"); }

}  // namespace

template <typename Answer>
Answer Line::Send(std::function<Answer(absl::Duration deadline)> command, absl::Duration deadline) {
  Fibers::Pause();
  if (cut_) return Gone();
  if (chance_.OneIn(weather_.lost_request)) {
    ++faults_;
    if (chance_.Coin()) {
      const size_t delay = chance_.Below(40);
      fibers_.Spawn([command = std::move(command), delay] {
        for (size_t i = 0; i < delay; ++i) Fibers::Pause();
        static_cast<void>(command(absl::InfiniteDuration()));
      });
    }
    Fibers::Pause();
    return Late();
  }
  Answer answer = command(deadline);
  Fibers::Pause();
  if (cut_) return Late();
  if (chance_.OneIn(weather_.lost_reply)) {
    ++faults_;
    return Late();
  }
  return answer;
}

// --- Messages -----------------------------------------------------------------------------------

class Line::Subscription final : public SharedListener,
                                 public std::enable_shared_from_this<Subscription> {
 public:
  Subscription(Line& line, SharedListener& listener) : line_(line), listener_(listener) {}

  absl::Status Start(std::span<const SharedPart> parts) {
    auto behind = line_.fake_.Subscribe(parts, *this);
    if (!behind.ok()) return behind.status();
    behind_ = *std::move(behind);
    line_.fibers_.Spawn([self = shared_from_this()] { self->Deliver(); });
    return absl::OkStatus();
  }

  void Stop() {
    stopped_ = true;
    while (delivering_) Fibers::Pause();
    behind_.reset();
  }

  void Break() {
    if (!listening_) return;
    listening_ = false;
    events_.clear();
    events_.emplace_back([](SharedListener& to) { to.OnLost(Gone()); });
    back_in_ = 5 + line_.chance_.Below(60);
  }

  // From the server, at once.
  void OnListening() override { BeBack(); }
  void OnMessage(size_t part, SharedMessage message) override {
    if (!listening_ || line_.cut_) return;
    if (line_.chance_.OneIn(line_.weather_.lost_message)) {
      ++line_.faults_;
      return;
    }
    const auto event = [part, message](SharedListener& to) { to.OnMessage(part, message); };
    events_.emplace_back(event);
    if (line_.chance_.OneIn(line_.weather_.repeated_message)) {
      ++line_.faults_;
      events_.emplace_back(event);
    }
    if (events_.size() > 1 && line_.chance_.OneIn(line_.weather_.swapped_message)) {
      ++line_.faults_;
      std::swap(events_.back(), events_[events_.size() - 2]);
    }
  }
  void OnUnreadable(size_t part) override {
    events_.emplace_back([part](SharedListener& to) { to.OnUnreadable(part); });
  }
  void OnLost(const absl::Status&) override { Break(); }

 private:
  void BeBack() {
    if (line_.cut_) {
      back_in_ = 5;
      return;
    }
    listening_ = true;
    back_in_ = 0;
    events_.emplace_back([](SharedListener& to) { to.OnListening(); });
  }

  void Deliver() {
    while (!stopped_) {
      if (line_.cut_) Break();
      if (!listening_ && back_in_ > 0 && --back_in_ == 0) BeBack();
      if (!events_.empty() && line_.chance_.Below(3) != 0) {
        const auto event = std::move(events_.front());
        events_.pop_front();
        delivering_ = true;
        event(listener_);
        delivering_ = false;
        continue;
      }
      Fibers::Pause();
    }
  }

  Line& line_;
  SharedListener& listener_;
  std::unique_ptr<SharedSubscription> behind_;
  std::deque<std::function<void(SharedListener&)>> events_;
  bool listening_ = false;
  bool stopped_ = false;
  bool delivering_ = false;
  size_t back_in_ = 0;  // turns
};

namespace {

template <typename Subscription>
class Handle final : public SharedSubscription {
 public:
  explicit Handle(std::shared_ptr<Subscription> subscription)
      : subscription_(std::move(subscription)) {}
  ~Handle() override { subscription_->Stop(); }

 private:
  std::shared_ptr<Subscription> subscription_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SharedSubscription>> Line::Subscribe(
    std::span<const SharedPart> parts, SharedListener& listener) {
  auto subscription = std::make_shared<Subscription>(*this, listener);
  if (absl::Status status = subscription->Start(parts); !status.ok()) return status;
  subscriptions_.push_back(subscription);
  return std::make_unique<Handle<Subscription>>(std::move(subscription));
}

void Line::BreakSubscriptions() {
  ++faults_;
  for (const auto& subscription : subscriptions_) subscription->Break();
}

// --- Commands -----------------------------------------------------------------------------------

absl::StatusOr<PartState> Line::Fence(const SharedPart& part, uint64_t proposed_generation,
                                      absl::Duration deadline) {
  return Send<absl::StatusOr<PartState>>(
      [this, at = OwnPart(part), proposed_generation](absl::Duration until) {
        return fake_.Fence(at.Get(), proposed_generation, until);
      },
      deadline);
}

absl::StatusOr<std::vector<absl::StatusOr<PartState>>> Line::ReadStates(
    std::span<const SharedPart> parts, absl::Duration deadline) {
  std::vector<OwnPart> own(parts.begin(), parts.end());
  return Send<absl::StatusOr<std::vector<absl::StatusOr<PartState>>>>(
      [this, own = std::move(own)](absl::Duration until) {
        std::vector<SharedPart> at;
        for (const OwnPart& one : own) at.push_back(one.Get());
        return fake_.ReadStates(at, until);
      },
      deadline);
}

absl::StatusOr<SharedReading> Line::Read(const SharedPart& part,
                                         std::span<const SharedRequest> requests,
                                         absl::Duration deadline) {
  std::vector<std::pair<std::string, uint64_t>> own;
  for (const SharedRequest& request : requests) own.emplace_back(request.key, request.token);
  return Send<absl::StatusOr<SharedReading>>(
      [this, at = OwnPart(part), own = std::move(own)](absl::Duration until) {
        std::vector<SharedRequest> asked;
        for (const auto& [key, token] : own) asked.push_back({.key = key, .token = token});
        return fake_.Read(at.Get(), asked, until);
      },
      deadline);
}

absl::StatusOr<std::vector<SharedAnswer>> Line::ClaimOverMany(const SharedPart& part,
                                                              std::span<const SharedClaim> claims,
                                                              absl::Duration deadline) {
  std::vector<OwnClaim> own(claims.begin(), claims.end());
  return Send<absl::StatusOr<std::vector<SharedAnswer>>>(
      [this, at = OwnPart(part), own = std::move(own)](absl::Duration until) {
        std::vector<SharedClaim> claimed;
        for (const OwnClaim& one : own) claimed.push_back(one.Get());
        return fake_.ClaimOverMany(at.Get(), claimed, until);
      },
      deadline);
}

absl::StatusOr<std::vector<SharedAnswer>> Line::FillMany(const SharedPart& part,
                                                         std::span<const SharedFill> fills,
                                                         absl::Duration deadline) {
  std::vector<OwnFill> own(fills.begin(), fills.end());
  return Send<absl::StatusOr<std::vector<SharedAnswer>>>(
      [this, at = OwnPart(part), own = std::move(own)](absl::Duration until) {
        std::vector<SharedFill> filled;
        for (const OwnFill& one : own) filled.push_back(one.Get());
        return fake_.FillMany(at.Get(), filled, until);
      },
      deadline);
}

absl::StatusOr<SharedAnswer> Line::Renew(const SharedPart& part, std::string_view key,
                                         uint64_t token, uint64_t instead_of,
                                         const SharedWrite& write, absl::Duration deadline) {
  return Send<absl::StatusOr<SharedAnswer>>(
      [this, at = OwnPart(part), key = std::string(key), token, instead_of,
       own = OwnWrite(write)](absl::Duration until) {
        return fake_.Renew(at.Get(), key, token, instead_of, own.Get(), until);
      },
      deadline);
}

absl::StatusOr<SharedAnswer> Line::BeginWrite(const SharedPart& part, std::string_view key,
                                              uint64_t token, absl::Duration deadline) {
  return Send<absl::StatusOr<SharedAnswer>>(
      [this, at = OwnPart(part), key = std::string(key), token](absl::Duration until) {
        return fake_.BeginWrite(at.Get(), key, token, until);
      },
      deadline);
}

absl::StatusOr<SharedAnswer> Line::EndWrite(const SharedPart& part, std::string_view key,
                                            uint64_t token, uint64_t version,
                                            const std::optional<SharedWrite>& write,
                                            absl::Duration deadline) {
  std::optional<OwnWrite> own;
  if (write.has_value()) own.emplace(*write);
  return Send<absl::StatusOr<SharedAnswer>>(
      [this, at = OwnPart(part), key = std::string(key), token, version,
       own = std::move(own)](absl::Duration until) {
        const std::optional<SharedWrite> value =
            own.has_value() ? std::optional(own->Get()) : std::nullopt;
        return fake_.EndWrite(at.Get(), key, token, version, value, until);
      },
      deadline);
}

absl::StatusOr<SharedAnswer> Line::InvalidateKeys(const SharedPart& part,
                                                  std::span<const SharedChange> changes,
                                                  absl::Duration deadline) {
  std::vector<std::pair<std::string, uint64_t>> own;
  for (const SharedChange& change : changes) own.emplace_back(change.key, change.version);
  return Send<absl::StatusOr<SharedAnswer>>(
      [this, at = OwnPart(part), own = std::move(own)](absl::Duration until) {
        std::vector<SharedChange> told;
        for (const auto& [key, version] : own) told.push_back({.key = key, .version = version});
        return fake_.InvalidateKeys(at.Get(), told, until);
      },
      deadline);
}

absl::StatusOr<SharedAnswer> Line::InvalidateTags(const SharedPart& part,
                                                  std::span<const std::string_view> tags,
                                                  absl::Duration deadline) {
  std::vector<std::string> own(tags.begin(), tags.end());
  return Send<absl::StatusOr<SharedAnswer>>(
      [this, at = OwnPart(part), own = std::move(own)](absl::Duration until) {
        const std::vector<std::string_view> told(own.begin(), own.end());
        return fake_.InvalidateTags(at.Get(), told, until);
      },
      deadline);
}

absl::StatusOr<SharedAnswer> Line::InvalidatePattern(const SharedPart& part,
                                                     std::string_view pattern,
                                                     absl::Duration deadline) {
  return Send<absl::StatusOr<SharedAnswer>>(
      [this, at = OwnPart(part), pattern = std::string(pattern)](absl::Duration until) {
        return fake_.InvalidatePattern(at.Get(), pattern, until);
      },
      deadline);
}

absl::StatusOr<SharedAnswer> Line::Clear(const SharedPart& part, uint64_t new_generation,
                                         absl::Duration deadline) {
  return Send<absl::StatusOr<SharedAnswer>>(
      [this, at = OwnPart(part), new_generation](absl::Duration until) {
        return fake_.Clear(at.Get(), new_generation, until);
      },
      deadline);
}

}  // namespace trivet::sim
