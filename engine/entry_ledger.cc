#include "engine/entry_ledger.h"

#include "engine/check.h"

namespace trivet {

Value::Value(const Value& other) : entry_(other.entry_), ledger_(other.ledger_) {
  if (entry_ != nullptr) engine::EntryLedger::AddReference(entry_);
}

std::string_view Value::bytes() const {
  return entry_ == nullptr ? std::string_view() : entry_->value();
}

void Value::Reset() {
  if (entry_ == nullptr) return;
  ledger_->Release(entry_);
  entry_ = nullptr;
}

namespace engine {

Value EntryLedger::Pin(Entry* entry) {
  AddReference(entry);
  return Value(entry, this);
}

Value EntryLedger::Adopt(Entry* entry) {
  CountPinned(entry);
  return Value(entry, this);
}

void EntryLedger::CountPinned(Entry* entry) {
  // Relaxed: the caller's own reference, which it drops later, orders it.
  [[maybe_unused]] const uint32_t before =
      entry->references_.fetch_or(kCounted, std::memory_order_relaxed);
  TRIVET_DCHECK((before & kCounted) == 0, "an entry leaves once");
  AddPinned(1, entry->charge());
}

void EntryLedger::Drop(Entry* entry) {
  // Only who has a reference makes new ones by now: one that is alone stays so. Acquire: pairs with
  // the release of the Values that have gone.
  if (entry->references_.load(std::memory_order_acquire) == 1) [[likely]] {
    Entry::Destroy(arena_, entry);
    return;
  }
  CountPinned(entry);
  Release(entry);
}

void EntryLedger::Release(Entry* entry) {
  // Release: what this holder did with the entry comes before the free. Acquire: the one that frees
  // sees what all the others did.
  const uint32_t before = entry->references_.fetch_sub(1, std::memory_order_acq_rel);
  if ((before & ~kCounted) != 1) return;
  const bool was_counted = (before & kCounted) != 0;
  const size_t charge = entry->charge();
  Entry::Destroy(arena_, entry);
  if (was_counted) RemovePinned(1, charge);
}

}  // namespace engine
}  // namespace trivet
