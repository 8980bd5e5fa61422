#include "engine/hash_index.h"

#include <algorithm>
#include <thread>

#include "engine/check.h"

namespace trivet::engine {
namespace {

// Entries per bucket at which one is added, and, times 16, at which one is removed: far apart, so
// that a size that swings does not make the table swing.
constexpr size_t kFillMost = 9;
constexpr size_t kFillLeast = 4;
constexpr size_t kBucketsMin = 4;

// Addresses for the buckets of all shards together, and of their overflow: more than the blocks of
// an arena can need.
constexpr size_t kBucketRangeBytes = size_t{16} << 30;
constexpr size_t kOverflowPart = 4;

// Memory of buckets is given back in such pieces.
constexpr size_t kDiscardedBytes = 64 << 10;

constexpr size_t kHugePagesFrom = 1 << 20;

constexpr uint64_t ReverseBits(uint64_t bits) {
  bits = (bits >> 1 & 0x5555555555555555u) | (bits & 0x5555555555555555u) << 1;
  bits = (bits >> 2 & 0x3333333333333333u) | (bits & 0x3333333333333333u) << 2;
  bits = (bits >> 4 & 0x0F0F0F0F0F0F0F0Fu) | (bits & 0x0F0F0F0F0F0F0F0Fu) << 4;
  return __builtin_bswap64(bits);
}

// Reversed, so that hashes with the same end lie together.
uint64_t PositionOf(uint64_t hash) {
  return ReverseBits(hash >> HashIndex::kShardBits | hash << (64 - HashIndex::kShardBits));
}

// The inverse, for the bucket bits: the end of the hashes at a position.
uint64_t HashAt(uint64_t position) {
  const uint64_t bits = ReverseBits(position);
  return bits << HashIndex::kShardBits | bits >> (64 - HashIndex::kShardBits);
}

}  // namespace

HashIndex::HashIndex(const Arena& arena, const EntryHash& hash_of, size_t shards)
    : arena_(arena),
      hash_of_(hash_of),
      bucket_range_(kBucketRangeBytes / shards),
      overflow_range_(kBucketRangeBytes / kOverflowPart / shards),
      blocks_(static_cast<char*>(arena.At(0))),
      buckets_(reinterpret_cast<Bucket*>(bucket_range_.data())),
      overflow_(reinterpret_cast<Bucket*>(overflow_range_.data())),
      shape_(ShapeOf(kBucketsMin)) {
  TRIVET_CHECK(bucket_range_.Commit(kBucketsMin * sizeof(Bucket)), "out of memory");
}

// --- Buckets

void HashIndex::SetFingerprint(Bucket& bucket, size_t slot, uint8_t fingerprint) {
  std::atomic<uint64_t>& word = bucket.words[slot < 4 ? 0 : 1];
  const size_t shift = slot < 4 ? 32 + 8 * slot : 8 * (slot - 4);
  const uint64_t others = word.load(std::memory_order_relaxed) & ~(uint64_t{0xFF} << shift);
  word.store(others | uint64_t{fingerprint} << shift, std::memory_order_release);
}

void HashIndex::SetNext(Bucket& bucket, uint32_t next) {
  const uint64_t others = bucket.words[0].load(std::memory_order_relaxed) >> 32 << 32;
  bucket.words[0].store(others | next, std::memory_order_release);
}

uint64_t HashIndex::ShapeOf(size_t buckets) { return BucketMask(buckets) << 32 | buckets; }

int HashIndex::BitsOf(size_t bucket, size_t buckets) {
  const int bits = static_cast<int>(std::bit_width(buckets)) - 1;  // 2^bits <= buckets
  const size_t low = size_t{1} << bits;
  const bool is_cut = bucket >= low || bucket + low < buckets;
  return is_cut ? bits + 1 : bits;
}

// --- Reading

bool HashIndex::HaveMoved(uint64_t moves_before) const {
  if (moves_before % 2 == 0) return moves_.load(std::memory_order_relaxed) != moves_before;
  std::this_thread::yield();
  return true;
}

Entry* HashIndex::FindAnywhere(uint32_t space_id, uint64_t hash, std::string_view key) const {
  const uint8_t fingerprint = FingerprintOf(hash);
  while (true) {
    // Acquire here and in all that follows: the second look at moves_ comes last.
    const uint64_t moves = moves_.load(std::memory_order_acquire);
    const uint64_t shape = shape_.load(std::memory_order_acquire);
    const Bucket* bucket = &buckets_[BucketOf(hash, shape)];
    do {
      for (unsigned slots = Match(*bucket, fingerprint); slots != 0; slots &= slots - 1) {
        const auto slot = static_cast<size_t>(std::countr_zero(slots));
        Entry* const entry = EntryAt(bucket->blocks[slot].load(std::memory_order_acquire));
        if (IsOf(entry, space_id, key)) return entry;
      }
      bucket = Next(*bucket);
    } while (bucket != nullptr);
    if (!HaveMoved(moves)) return nullptr;
  }
}

// --- Changing

HashIndex::Place HashIndex::PlaceOf(const Entry* entry, uint64_t hash) const {
  const uint32_t block = arena_.NumberOf(entry);
  const uint8_t fingerprint = FingerprintOf(hash);
  Bucket* bucket = &buckets_[BucketOf(hash)];
  for (; bucket != nullptr; bucket = Next(*bucket)) {
    for (unsigned slots = Match(*bucket, fingerprint); slots != 0; slots &= slots - 1) {
      const auto slot = static_cast<size_t>(std::countr_zero(slots));
      if (bucket->blocks[slot].load(std::memory_order_relaxed) == block) return {bucket, slot};
    }
  }
  TRIVET_CHECK(false, "entry is not in the index");
}

bool HashIndex::Put(Entry* entry, uint64_t hash, size_t bucket_number) {
  Bucket* bucket = &buckets_[bucket_number];
  unsigned slots = Match(*bucket, 0);
  while (slots == 0) {
    Bucket* next = Next(*bucket);
    if (next == nullptr) {
      const uint32_t fresh = NewOverflow();
      if (fresh == 0) return false;
      next = &overflow_[fresh - 1];
      SetNext(*bucket, fresh);
    }
    bucket = next;
    slots = Match(*bucket, 0);
  }
  const auto slot = static_cast<size_t>(std::countr_zero(slots));
  // Release: the entry is complete; and then its fingerprint, so that whoever sees that finds it.
  bucket->blocks[slot].store(arena_.NumberOf(entry), std::memory_order_release);
  SetFingerprint(*bucket, slot, FingerprintOf(hash));
  return true;
}

bool HashIndex::Insert(Entry* entry, uint64_t hash) {
  if (!Put(entry, hash, BucketOf(hash))) return false;
  ++size_;
  Fit();
  return true;
}

void HashIndex::Replace(Entry* old, Entry* fresh, uint64_t hash) {
  const Place place = PlaceOf(old, hash);
  place.bucket->blocks[place.slot].store(arena_.NumberOf(fresh), std::memory_order_release);
}

void HashIndex::Remove(Entry* entry, uint64_t hash) {
  const Place place = PlaceOf(entry, hash);
  // The number stays: a reader who saw the fingerprint finds the entry as it was.
  SetFingerprint(*place.bucket, place.slot, 0);
  --size_;
  Fit();
  // Where nothing is left, there are few buckets, unless memory was short; what they go on in would
  // stay as long as they do.
  if (size_ == 0 && overflow_used_ > 0) {
    for (size_t bucket = 0; bucket < bucket_count(); ++bucket) Empty(bucket);
  }
}

Entry* HashIndex::Crowded(uint64_t hash) const {
  const Bucket* bucket = &buckets_[BucketOf(hash)];
  for (size_t i = 0; bucket != nullptr; ++i, bucket = Next(*bucket)) {
    if (Match(*bucket, 0) != 0) return nullptr;
    if (i == kOverflowMax) return EntryAt(bucket->blocks[0].load(std::memory_order_relaxed));
  }
  return nullptr;
}

// --- Growing and shrinking

bool HashIndex::MakeRoomForOverflow() {
  return overflow_free_ != 0 ||
         overflow_range_.Commit((size_t{overflow_end_} + 1) * sizeof(Bucket));
}

uint32_t HashIndex::NewOverflow() {
  if (!MakeRoomForOverflow()) return 0;
  uint32_t number = overflow_free_;
  if (number != 0) {
    overflow_free_ = NextOf(overflow_[number - 1]);
  } else {
    number = ++overflow_end_;
  }
  SetNext(overflow_[number - 1], 0);
  ++overflow_used_;
  return number;
}

HashIndex::Chain HashIndex::EntriesOf(size_t bucket_number) const {
  Chain entries;
  for (const Bucket* bucket = &buckets_[bucket_number]; bucket != nullptr; bucket = Next(*bucket)) {
    for (unsigned slots = ~Match(*bucket, 0) & ((1u << kSlots) - 1); slots != 0;
         slots &= slots - 1) {
      const auto slot = static_cast<size_t>(std::countr_zero(slots));
      entries.push_back(EntryAt(bucket->blocks[slot].load(std::memory_order_relaxed)));
      __builtin_prefetch(entries.back());
    }
  }
  return entries;
}

void HashIndex::Empty(size_t bucket_number) {
  Bucket* bucket = &buckets_[bucket_number];
  uint32_t next = NextOf(*bucket);
  for (auto& word : bucket->words) word.store(0, std::memory_order_release);
  while (next != 0) {
    Bucket& overflow = overflow_[next - 1];
    const uint32_t after = NextOf(overflow);
    overflow.words[1].store(0, std::memory_order_release);
    overflow.words[0].store(overflow_free_, std::memory_order_release);
    overflow_free_ = next;
    --overflow_used_;
    next = after;
  }
  if (overflow_used_ == 0 && overflow_end_ * sizeof(Bucket) >= kDiscardedBytes) {
    // Who still looks there finds zeros, as in all that was emptied.
    overflow_range_.Discard(0, overflow_end_ * sizeof(Bucket));
    overflow_end_ = overflow_free_ = 0;
  }
}

void HashIndex::Fit() {
  const size_t buckets = bucket_count();
  if (size_ > buckets * kFillMost) {
    AddBucket();
  } else if (buckets > kBucketsMin && size_ < buckets * kFillLeast) {
    RemoveBucket();
  }
}

void HashIndex::AddBucket() {
  const size_t fresh = bucket_count();
  // Without memory the buckets get longer.
  if (!bucket_range_.Commit((fresh + 1) * sizeof(Bucket))) return;
  if ((fresh + 1) * sizeof(Bucket) == kHugePagesFrom && !bucket_range_.prefers_huge_pages()) {
    bucket_range_.PreferHugePages();
  }
  const size_t cut = CutFrom(fresh);
  const Chain entries = EntriesOf(cut);
  absl::InlinedVector<uint64_t, 24> hashes;
  for (const Entry* entry : entries) hashes.push_back(hash_of_(entry));
  const uint64_t moves = moves_.load(std::memory_order_relaxed);
  moves_.store(moves + 1, std::memory_order_relaxed);
  // From here on every store is a release: none is seen before moves_ is odd.
  Empty(cut);
  for (size_t i = 0; i < entries.size(); ++i) {
    // Each chain gets no longer than the one that was cut.
    TRIVET_CHECK(Put(entries[i], hashes[i], BucketOf(hashes[i], ShapeOf(fresh + 1))),
                 "out of memory");
  }
  shape_.store(ShapeOf(fresh + 1), std::memory_order_release);
  moves_.store(moves + 2, std::memory_order_release);
}

void HashIndex::RemoveBucket() {
  const size_t last = bucket_count() - 1;
  const size_t into = CutFrom(last);
  const Chain entries = EntriesOf(last);
  // Both together may go on in one bucket more than before. Without memory for that, this one
  // stays.
  if (entries.size() + EntriesOf(into).size() > kSlots && !MakeRoomForOverflow()) return;
  const uint64_t moves = moves_.load(std::memory_order_relaxed);
  moves_.store(moves + 1, std::memory_order_relaxed);
  shape_.store(ShapeOf(last), std::memory_order_release);
  Empty(last);
  for (Entry* entry : entries) TRIVET_CHECK(Put(entry, hash_of_(entry), into), "out of memory");
  moves_.store(moves + 2, std::memory_order_release);
  // A reader that still looks there finds zeros, and then that entries have moved.
  const size_t end = last * sizeof(Bucket);
  if (end == kHugePagesFrom / 2 && bucket_range_.prefers_huge_pages()) {
    bucket_range_.AvoidHugePages(end);
  } else if (end % kDiscardedBytes == 0) {
    bucket_range_.Discard(end, kDiscardedBytes);
  }
}

// --- Scanning

bool HashIndex::VisitBucket(uint64_t* position, absl::FunctionRef<void(Entry*)> visit) {
  const size_t buckets = bucket_count();
  const size_t bucket = BucketOf(HashAt(*position));
  const uint64_t range = uint64_t{1} << (64 - BitsOf(bucket, buckets));
  const uint64_t begin = *position & ~(range - 1);
  const uint64_t from = *position;
  *position = begin + range;
  for (Entry* entry : EntriesOf(bucket)) {
    if (from == begin || PositionOf(hash_of_(entry)) >= from) visit(entry);
  }
  return *position != 0;  // 0: past the last
}

void HashIndex::CheckInvariants() const {
  const size_t buckets = bucket_count();
  TRIVET_CHECK(moves_.load(std::memory_order_relaxed) % 2 == 0, "the index is left moving");
  size_t seen = 0;
  size_t overflow = 0;
  for (size_t number = 0; number < buckets; ++number) {
    for (const Entry* entry : EntriesOf(number)) {
      ++seen;
      TRIVET_CHECK(BucketOf(hash_of_(entry)) == number, "entry in a foreign bucket");
    }
    for (const Bucket* bucket = Next(buckets_[number]); bucket != nullptr; bucket = Next(*bucket)) {
      ++overflow;
    }
  }
  TRIVET_CHECK(seen == size_, "the index miscounts");
  TRIVET_CHECK(overflow == overflow_used_, "the index miscounts its overflow");
}

}  // namespace trivet::engine
