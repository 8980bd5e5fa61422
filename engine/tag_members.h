// The entries of one tag group.
#ifndef TRIVET_ENGINE_TAG_MEMBERS_H_
#define TRIVET_ENGINE_TAG_MEMBERS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace trivet::engine {

// The numbers of their blocks. Few lie in a vector, which costs little; what is beyond them in
// pieces, so that none that comes makes many others move. Most tags have few.
//
// Not thread-safe: guarded by the shard.
class TagMembers {
 public:
  bool empty() const { return first_.empty(); }
  size_t size() const { return first_.size() + (rest_ == nullptr ? 0 : rest_->size()); }

  uint32_t& operator[](size_t i) { return i < kFirstMax ? first_[i] : (*rest_)[i - kFirstMax]; }
  // REQUIRES: not empty, here and below.
  uint32_t back() const { return rest_ == nullptr ? first_.back() : rest_->back(); }

  void push_back(uint32_t block) {
    if (first_.size() < kFirstMax) {
      first_.push_back(block);
      return;
    }
    if (rest_ == nullptr) rest_ = std::make_unique<std::deque<uint32_t>>();
    rest_->push_back(block);
  }

  void pop_back() {
    if (rest_ == nullptr) {
      first_.pop_back();
      if (first_.capacity() > 2 * first_.size() + kSpare) first_.shrink_to_fit();
      return;
    }
    rest_->pop_back();
    if (rest_->empty()) rest_.reset();
  }

  // What they take from the heap, about.
  size_t bytes() const {
    const size_t first = first_.capacity() * sizeof(uint32_t);
    if (rest_ == nullptr) return first;
    const size_t pieces = rest_->size() / kPieceSize + 1;  // NOLINTNEXTLINE: of the deque itself
    return first + sizeof(*rest_) + pieces * (kPieceSize * sizeof(uint32_t) + sizeof(void*));
  }

 private:
  static constexpr size_t kFirstMax = 256;
  static constexpr size_t kSpare = 8;
  static constexpr size_t kPieceSize = 128;  // as the library has it

  std::vector<uint32_t> first_;
  std::unique_ptr<std::deque<uint32_t>> rest_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_TAG_MEMBERS_H_
