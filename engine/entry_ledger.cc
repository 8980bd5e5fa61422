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
  if (!entry->retired_) Retire(entry);
  return Value(entry, this);
}

void EntryLedger::Retire(Entry* entry) {
  TRIVET_DCHECK(!entry->retired_, "an entry leaves once");
  entry->retired_ = true;
  retired_bytes_.fetch_add(entry->charge(), std::memory_order_relaxed);
  retired_entries_.fetch_add(1, std::memory_order_relaxed);
}

void EntryLedger::Release(Entry* entry) {
  // Release: what this holder did with the entry comes before the free. Acquire: the one that frees
  // sees what all the others did, `retired_` included.
  if (entry->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (entry->retired_) {
    retired_bytes_.fetch_sub(entry->charge(), std::memory_order_relaxed);
    // Release: pairs with retired_entries(), so that Close sees a count of zero only when the last
    // holder is done with the ledger's entry.
    retired_entries_.fetch_sub(1, std::memory_order_release);
  }
  Entry::Destroy(arena_, entry);
}

}  // namespace engine
}  // namespace trivet
