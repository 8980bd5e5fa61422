#include "engine/hash_index.h"

#include <algorithm>
#include <utility>

#include "engine/check.h"

namespace trivet::engine {

HashIndex::Table::Table(int table_bits)
    : bits(table_bits), heads(std::make_unique<Entry*[]>(size_t{1} << table_bits)) {}

HashIndex::HashIndex() : table_(std::make_unique<Table>(kBitsMin)) {}

Entry* HashIndex::Find(const NamespaceState* space, uint64_t hash, std::string_view key) const {
  const Table& table = TableOf(hash);
  for (Entry* entry = table.heads[table.BucketOf(hash)]; entry != nullptr; entry = entry->chain) {
    if (entry->hash() == hash && entry->space() == space && entry->key() == key) return entry;
  }
  return nullptr;
}

Entry** HashIndex::SlotOf(const Entry* entry) {
  const Table& table = TableOf(entry->hash());
  Entry** slot = &table.heads[table.BucketOf(entry->hash())];
  while (*slot != entry) {
    TRIVET_CHECK(*slot != nullptr, "entry is not in the index");
    slot = &(*slot)->chain;
  }
  return slot;
}

void HashIndex::Insert(Entry* entry) {
  MaybeResize();
  const Table& table = TableOf(entry->hash());
  Entry** head = &table.heads[table.BucketOf(entry->hash())];
  entry->chain = *head;
  *head = entry;
  ++size_;
}

void HashIndex::Replace(Entry* old, Entry* fresh) {
  Entry** slot = SlotOf(old);
  fresh->chain = std::exchange(old->chain, nullptr);
  *slot = fresh;
}

void HashIndex::Remove(Entry* entry) {
  Entry** slot = SlotOf(entry);
  *slot = std::exchange(entry->chain, nullptr);
  --size_;
}

size_t HashIndex::bytes() const {
  const size_t buckets = table_->size() + (IsMoving() ? old_->size() : 0);
  return buckets * sizeof(Entry*);
}

void HashIndex::MaybeResize() {
  if (IsMoving()) {
    MoveSome();
    return;
  }
  // One entry per bucket when it grows, a sixteenth when it shrinks: far apart, so that a size that
  // swings does not make the table swing.
  if (size_ >= table_->size() && table_->bits < kBitsMax) {
    StartMoving(table_->bits + 1);
  } else if (size_ < table_->size() / 16 && table_->bits > kBitsMin) {
    StartMoving(table_->bits - 1);
  }
}

void HashIndex::StartMoving(int bits) {
  old_ = std::exchange(table_, std::make_unique<Table>(bits));
  moved_below_ = 0;
}

void HashIndex::MoveSome() {
  const int coarse_bits = std::min(old_->bits, table_->bits);
  const uint64_t range = uint64_t{1} << (64 - coarse_bits);
  const size_t buckets_per_range = size_t{1} << (old_->bits - coarse_bits);
  for (size_t step = 0; step < kBucketsPerStep; ++step) {
    const size_t first = old_->BucketOf(moved_below_);
    for (size_t bucket = first; bucket < first + buckets_per_range; ++bucket) {
      Entry* entry = std::exchange(old_->heads[bucket], nullptr);
      while (entry != nullptr) {
        Entry* next = entry->chain;
        Entry** head = &table_->heads[table_->BucketOf(entry->hash())];
        entry->chain = *head;
        *head = entry;
        entry = next;
      }
    }
    moved_below_ += range;
    if (moved_below_ == 0) {  // past the largest hash
      old_.reset();
      return;
    }
  }
}

bool HashIndex::VisitBucket(uint64_t* position, absl::FunctionRef<void(Entry*)> visit) {
  const Table& table = TableOf(*position);
  const uint64_t range = uint64_t{1} << (64 - table.bits);
  const uint64_t begin = *position & ~(range - 1);
  Entry* entry = table.heads[table.BucketOf(*position)];
  while (entry != nullptr) {
    Entry* next = entry->chain;
    if (entry->hash() >= *position) visit(entry);
    entry = next;
  }
  *position = begin + range;
  return *position != 0;  // 0: past the largest hash
}

void HashIndex::CheckInvariants() const {
  size_t seen = 0;
  const auto check_table = [&](const Table& table, bool is_old) {
    for (size_t bucket = 0; bucket < table.size(); ++bucket) {
      for (const Entry* entry = table.heads[bucket]; entry != nullptr; entry = entry->chain) {
        ++seen;
        TRIVET_CHECK(table.BucketOf(entry->hash()) == bucket, "entry in a foreign bucket");
        TRIVET_CHECK(!IsMoving() || (entry->hash() >= moved_below_) == is_old,
                     "entry in the wrong table");
      }
    }
  };
  check_table(*table_, false);
  if (IsMoving()) check_table(*old_, true);
  TRIVET_CHECK(seen == size_, "the index miscounts");
}

}  // namespace trivet::engine
