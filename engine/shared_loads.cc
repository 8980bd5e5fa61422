#include "engine/shared_loads.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/random/random.h"
#include "engine/flights.h"
#include "engine/millis.h"
#include "engine/namespace_state.h"
#include "engine/random.h"
#include "engine/tell_part.h"

namespace trivet::engine {
namespace {

using State = SharedFound::State;

// Between two looks at another one's claim: loads last about so long, and not all wait in step.
constexpr absl::Duration kLookPauseMin = absl::Milliseconds(2);
constexpr absl::Duration kLookPauseMax = absl::Milliseconds(20);
// A claim is given back by a value that is no value, and soon over.
constexpr absl::Duration kGivenBackLife = absl::Milliseconds(1);

Millis ToMillis(absl::Duration elapsed) {
  return static_cast<Millis>(absl::ToInt64Milliseconds(elapsed));
}

absl::Duration LookPause() {
  return kLookPauseMin + (kLookPauseMax - kLookPauseMin) * absl::Uniform(Random(), 0.0, 1.0);
}

// The value in the form of the seam. `*bytes` takes those of an object. nullopt: it has expired, or
// the codec makes no bytes of it.
std::optional<SharedWrite> ToShared(const LoadedValue& loaded, Millis now, std::string* bytes) {
  SharedWrite write{.value = loaded.value,
                    .version = loaded.version,
                    .tags = loaded.tags,
                    .ttl = RemainingUntil(loaded.expires, now)};
  if (write.ttl <= absl::ZeroDuration()) return std::nullopt;
  if (!loaded.object) return write;
  absl::StatusOr<std::string> encoded = loaded.object.ops()->encode(loaded.object.get());
  if (!encoded.ok()) return std::nullopt;
  *bytes = *std::move(encoded);
  write.value = *bytes;
  return write;
}

}  // namespace

SharedLoads::SharedLoads(SharedSpace* space, std::span<LoadFlight* const> flights,
                         absl::Duration not_before)
    : space_(space), not_before_(not_before) {
  loads_.resize(flights.size());
  for (size_t i = 0; i < flights.size(); ++i) {
    loads_[i].flight = flights[i];
    if (space == nullptr) continue;
    loads_[i].part = space->PartOf(flights[i]->key);
    loads_[i].token = NewToken();
  }
}

SharedLoads::~SharedLoads() {
  std::vector<Ready> given_back;
  for (Load& load : loads_) {
    if (!load.claim.has_value()) continue;
    given_back.push_back(
        {.load = &load, .write = {.negative = true, .birth = load.birth, .ttl = kGivenBackLife}});
  }
  Store(std::move(given_back));
}

void SharedLoads::Skip(size_t index) { loads_[index].asks = false; }

void SharedLoads::Ask() {
  if (space_ == nullptr) return;
  const Clock& clock = space_->clock();
  const absl::Duration give_up = clock.Elapsed() + space_->options().claim_wait;
  while (Look()) {
    const absl::Duration now = clock.Elapsed();
    if (now >= give_up) break;
    // Sleeps: nobody lands.
    Landing().AwaitUntil(clock, std::min(now + LookPause(), give_up));
  }
}

bool SharedLoads::Look() {
  std::vector<Load*> loads;
  for (uint32_t part = 0; part < space_->parts(); ++part) {
    loads.clear();
    for (Load& load : loads_) {
      if (load.asks && load.part == part) loads.push_back(&load);
    }
    if (loads.empty()) continue;
    // Before the proof is looked at: who joins does not see that it was.
    for (Load* load : loads) load->flight->asks_shared.store(true, std::memory_order_relaxed);
    if (const std::optional<SharedPart> at = space_->Ask(part, not_before_)) {
      LookIn(*at, loads);
    } else {
      for (Load* load : loads) load->asks = false;
    }
  }
  return std::any_of(loads_.begin(), loads_.end(), [](const Load& load) { return load.asks; });
}

void SharedLoads::LookIn(const SharedPart& part, std::span<Load* const> loads) {
  std::vector<SharedRequest> requests;
  requests.reserve(loads.size());
  for (Load* load : loads) {
    load->asks = false;
    requests.push_back({.key = load->flight->key, .token = load->token});
  }
  const absl::Duration asked = space_->clock().Elapsed();
  SharedSpace::Counters& counters = space_->counters();
  counters.reads += requests.size();
  absl::StatusOr<SharedReading> reading = space_->tier().Read(part, requests, space_->Deadline());
  if (!reading.ok()) return space_->NoteError(part.part, reading.status());
  if (!reading->current) return space_->Distrust(part.part);
  std::vector<SharedClaim> claims;
  std::vector<Load*> dead;
  for (size_t i = 0; i < loads.size(); ++i) {
    SharedFound& found = reading->found[i];
    if (found.state == State::kDead) {
      claims.push_back(
          {.key = requests[i].key, .token = loads[i]->token, .instead_of = found.token});
      dead.push_back(loads[i]);
    } else {
      Take(part, reading->sequence, asked, found, *loads[i]);
    }
  }
  if (!dead.empty()) ClaimOver(part, claims, dead);
}

void SharedLoads::Take(const SharedPart& part, uint64_t sequence, absl::Duration asked,
                       SharedFound& found, Load& load) {
  switch (found.state) {
    case State::kClaimed:
      load.claim = part;
      load.birth = sequence;
      return;
    case State::kClaim:
      load.asks = true;
      return;
    case State::kValue:
      // A claim that was given back, a moment ago: nothing is known.
      if (found.value.negative) return;
      ++space_->counters().hits;
      load.found = LoadedValue{.value = std::move(found.value.value),
                               .tags = std::move(found.value.tags),
                               .version = found.value.version,
                               .expires = ExpiryAfter(ToMillis(asked), found.value.remaining),
                               .idle = CeilMillis(space_->state().options().idle_ttl),
                               .staleness = space_->PartStaleness(part.part, asked)};
      return;
    case State::kDead:     // claimed over by now
    case State::kAbsent:   // no memory left there for claims
    case State::kWriting:  // the truth is changing
      return;
  }
}

void SharedLoads::ClaimOver(const SharedPart& part, std::span<const SharedClaim> claims,
                            std::span<Load* const> loads) {
  const auto answers = space_->tier().ClaimOverMany(part, claims, space_->Deadline());
  if (!answers.ok()) return space_->NoteError(part.part, answers.status());
  for (size_t i = 0; i < loads.size(); ++i) {
    const SharedAnswer& answer = (*answers)[i];
    if (!answer.current) return space_->Distrust(part.part);
    if (!answer.won) continue;
    loads[i]->claim = part;
    loads[i]->birth = answer.sequence;
  }
}

void SharedLoads::Fill(std::span<LoadedValue* const> loaded) {
  if (space_ == nullptr) return;
  const Millis now = ToMillis(space_->clock().Elapsed());
  std::vector<std::string> bytes(loaded.size());
  std::vector<Ready> ready;
  for (size_t i = 0; i < loaded.size(); ++i) {
    if (loaded[i] == nullptr) continue;
    const bool may_keep = std::exchange(loaded[i]->keep, false) && loads_[i].claim.has_value();
    if (!may_keep) continue;
    std::optional<SharedWrite> write = ToShared(*loaded[i], now, &bytes[i]);
    if (!write.has_value()) continue;
    write->birth = loads_[i].birth;
    ready.push_back({.load = &loads_[i], .write = *write, .loaded = loaded[i]});
  }
  Store(std::move(ready));
}

void SharedLoads::Store(std::vector<Ready> ready) {
  const auto place = [](const Ready& one) {
    const SharedPart& claim = *one.load->claim;
    return std::tuple(claim.part, claim.generation, claim.server);
  };
  std::sort(ready.begin(), ready.end(),
            [&](const Ready& a, const Ready& b) { return place(a) < place(b); });
  for (size_t begin = 0; begin < ready.size();) {
    size_t end = begin + 1;
    while (end < ready.size() && place(ready[end]) == place(ready[begin])) ++end;
    StoreIn(*ready[begin].load->claim, std::span(ready).subspan(begin, end - begin));
    begin = end;
  }
}

void SharedLoads::StoreIn(const SharedPart& part, std::span<const Ready> ready) {
  std::vector<SharedFill> fills;
  fills.reserve(ready.size());
  for (const Ready& one : ready) {
    fills.push_back({.key = one.load->flight->key, .token = one.load->token, .write = one.write});
  }
  const auto answers = space_->tier().FillMany(part, fills, space_->Deadline());
  if (!answers.ok()) space_->NoteError(part.part, answers.status());
  for (size_t i = 0; i < ready.size(); ++i) {
    ready[i].load->claim.reset();
    const bool stored = answers.ok() && (*answers)[i].current && (*answers)[i].won;
    if (!stored || ready[i].loaded == nullptr) continue;
    ready[i].loaded->keep = true;
    ++space_->counters().stores;
  }
}

}  // namespace trivet::engine
