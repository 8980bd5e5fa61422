// A handle on the bytes of one cached value.
#ifndef TRIVET_VALUE_H_
#define TRIVET_VALUE_H_

#include <string_view>
#include <utility>

namespace trivet {

namespace engine {
class Entry;
class EntryLedger;
}  // namespace engine

// A Value pins immutable bytes: they stay where they are, unchanged, while the handle lives, also
// after the entry was evicted, overwritten or deleted. A default Value is empty, which means that
// there was nothing (an empty byte string is a Value too, and not empty in this sense).
//
// A Value must not outlive the Cache it came from: Cache::Close() reports the handles that are
// still out, and the destructor of the Cache aborts the program rather than leave one dangling.
//
//   trivet::Value v = users.Find("42");
//   if (v) Use(v.bytes());
//
// Copying costs one atomic increment on the entry, destruction one decrement. Pinned memory counts
// against the budget of the cache: hold handles for a request, not for a day.
//
// Thread-safety: as a std::shared_ptr; different handles on the same bytes are independent.
class Value {
 public:
  Value() = default;
  Value(const Value& other);
  Value(Value&& other) noexcept
      : entry_(std::exchange(other.entry_, nullptr)), ledger_(other.ledger_) {}
  Value& operator=(Value other) noexcept {
    std::swap(entry_, other.entry_);
    std::swap(ledger_, other.ledger_);
    return *this;
  }
  ~Value() { Reset(); }

  explicit operator bool() const { return entry_ != nullptr; }

  // The pinned bytes; an empty view for an empty Value.
  std::string_view bytes() const;
  std::string_view operator*() const { return bytes(); }

  // Gives the pin back now.
  void Reset();

 private:
  friend class engine::EntryLedger;
  // Takes over one reference on `entry`, to be given back to `ledger`.
  Value(engine::Entry* entry, engine::EntryLedger* ledger) : entry_(entry), ledger_(ledger) {}

  engine::Entry* entry_ = nullptr;
  engine::EntryLedger* ledger_ = nullptr;
};

}  // namespace trivet

#endif  // TRIVET_VALUE_H_
