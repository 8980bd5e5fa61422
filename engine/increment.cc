// Numbers: read, add, and write if nobody was faster.
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/announcement.h"
#include "engine/core.h"
#include "engine/memory_writes.h"
#include "engine/millis.h"
#include "engine/names.h"
#include "engine/store_access.h"
#include "engine/write_flights.h"
#include "engine/write_options.h"
#include "trivet/namespace.h"

namespace trivet {
namespace {

using engine::Announcement;
using engine::ForMemory;
using engine::KeyRef;
using engine::LifetimeOf;
using engine::MemoryTier;
using engine::NeedsStore;
using engine::NewValue;
using engine::StoreAccess;
using engine::WriteFlight;
using engine::WriteFlights;

// Another process may write between our read and our conditional write. After so many times in a
// row something else is wrong.
constexpr int kIncrementTries = 100;

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

absl::StatusOr<int64_t> Sum(std::string_view text, int64_t by) {
  const std::optional<int64_t> number = ParseNumber(text);
  if (!number.has_value()) {
    return absl::FailedPreconditionError("Increment: the value is not a decimal 64-bit number");
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(*number, by, &sum)) {
    return absl::OutOfRangeError("Increment: the sum does not fit into 64 bits");
  }
  return sum;
}

}  // namespace

absl::StatusOr<int64_t> Namespace::Increment(std::string_view key, int64_t by, Coherence* told) {
  if (absl::Status status = Check(key); !status.ok()) return status;
  if (absl::Status status = CheckHoldsBytes(); !status.ok()) return status;
  if (told != nullptr) *told = Coherence::kLocal;
  if (UsesStore()) return IncrementThrough(key, by, told);
  if (state_->shared() != nullptr) return NeedsStore("Increment");
  return IncrementInMemory(key, by);
}

absl::StatusOr<int64_t> Namespace::IncrementInMemory(std::string_view key, int64_t by) {
  MemoryTier& memory = core_->memory();
  const KeyRef ref = memory.Ref(state_, key);
  // Ends: each turn that fails means that another thread's write has succeeded.
  while (true) {
    const auto old = memory.Peek(ref);
    const absl::StatusOr<int64_t> sum = Sum(old.has_value() ? old->value.bytes() : "0", by);
    if (!sum.ok()) return sum.status();
    const std::string text = absl::StrCat(*sum);
    NewValue value = ForMemory(memory, text, {}, LifetimeOf({}, state_->options()));
    engine::SetCondition condition{.when = SetWhen::kIfAbsent};
    if (old.has_value()) {
      value.tags = old->tags;
      value.expires = old->expires;
      value.idle = old->idle;
      condition = {.when = SetWhen::kIfVersion, .entry = engine::EntryLedger::EntryOf(old->value)};
    }
    const auto result = memory.Set(ref, value, condition);
    if (!result.ok()) return result.status();
    if (result->applied) return sum;
  }
}

absl::StatusOr<int64_t> Namespace::IncrementThrough(std::string_view key, int64_t by,
                                                    Coherence* told) {
  MemoryTier& memory = core_->memory();
  StoreAccess store(*core_->StoreOf(state_), *state_);
  Announcement announcement(*core_, *state_, told);
  WriteFlights flights(memory);
  if (absl::Status status = flights.Open({memory.Ref(state_, key)}, core_->JoinDeadline());
      !status.ok()) {
    return status;
  }
  for (int i = 0; i < kIncrementTries; ++i) {
    const auto row = store.Read(key);
    if (!row.ok()) return row.status();
    const bool found = row->has_value();
    const absl::StatusOr<int64_t> sum = Sum(found ? std::string_view((*row)->value) : "0", by);
    if (!sum.ok()) return sum.status();
    const std::string text = absl::StrCat(*sum);
    const std::vector<std::string> tags = found ? (*row)->tags : std::vector<std::string>();
    const absl::Time expires_at =
        found ? (*row)->expires_at : engine::StoreExpiry(core_->clock(), state_->options().ttl);
    const StoreWrite write{.key = key,
                           .value = text,
                           .expires_at = expires_at,
                           .tags = tags,
                           .when = found ? SetWhen::kIfVersion : SetWhen::kIfAbsent,
                           .if_version = found ? (*row)->version : 0};
    const auto written = store.Write({&write, 1}, announcement.LogTicket());
    if (!written.ok()) {
      if (engine::MayHaveCommitted(written.status())) announcement.OfKeys({&key, 1});
      flights.Fail(written.status());
      return written.status();
    }
    if (!written->front().applied) continue;  // another process was faster
    const SharedRecord change{.kind = SharedRecord::Kind::kKey,
                              .version = written->front().version,
                              .name = std::string(key)};
    const Coherence coherence = announcement.Of({&change, 1});
    const absl::Duration left = expires_at - core_->clock().WallTime();
    const NewValue value{.value = text,
                         .tags = tags,
                         .version = written->front().version,
                         .expires = engine::ExpiryAfter(memory.now(), left),
                         .idle = engine::CeilMillis(state_->options().idle_ttl)};
    flights.FinishEach([&](WriteFlight& flight) {
      engine::FinishWrite(memory, flight, value, coherence != Coherence::kDeferred);
    });
    return sum;
  }
  return absl::AbortedError(
      absl::StrCat("Increment: the row changed ", kIncrementTries, " times in a row"));
}

}  // namespace trivet
