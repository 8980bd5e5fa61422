// What one shard holds of each namespace.
#ifndef TRIVET_ENGINE_SHARES_H_
#define TRIVET_ENGINE_SHARES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/policy.h"
#include "trivet/stats.h"

namespace trivet::engine {

class NamespaceState;

struct Share {
  NamespaceState* space = nullptr;  // null: nothing yet
  Stats stats = {};
  // The epoch of the entry that was linked last, and how many there are of that.
  uint32_t epoch = 0;
  size_t entries_of_epoch = 0;
  // Where the namespace has a quota: this shard's part of it, and the order of eviction.
  size_t quota = 0;
  std::unique_ptr<Policy> policy = nullptr;
};

// By the id of the namespace, in pieces: of those that the shard has never seen only few take
// memory, and no share moves when others come.
//
// Not thread-safe: guarded by the shard.
class Shares {
 public:
  // Null: never seen.
  Share* Find(uint32_t id) {
    const size_t piece = id / kPiece;
    if (piece >= pieces_.size() || pieces_[piece] == nullptr) return nullptr;
    Share& share = (*pieces_[piece])[id % kPiece];
    return share.space != nullptr ? &share : nullptr;
  }
  const Share* Find(uint32_t id) const { return const_cast<Shares*>(this)->Find(id); }

  // REQUIRES: it was added.
  Share& operator[](uint32_t id) { return (*pieces_[id / kPiece])[id % kPiece]; }
  const Share& operator[](uint32_t id) const { return (*pieces_[id / kPiece])[id % kPiece]; }

  // REQUIRES: it is not there. `id` is that of `space`.
  Share& Add(uint32_t id, NamespaceState* space) {
    const size_t piece = id / kPiece;
    if (piece >= pieces_.size()) pieces_.resize(piece + 1);
    if (pieces_[piece] == nullptr) {
      pieces_[piece] = std::make_unique<Piece>();
      ++pieces_there_;
    }
    Share& share = (*pieces_[piece])[id % kPiece];
    share.space = space;
    return share;
  }

  // Calls `visit` for the shares of the piece at `*position`, and moves it to the next one. False:
  // that was the last.
  template <typename Visit>
  bool VisitPiece(uint64_t* position, const Visit& visit) {
    if (*position < pieces_.size() && pieces_[*position] != nullptr) {
      for (Share& share : *pieces_[*position]) {
        if (share.space != nullptr) visit(share);
      }
    }
    return ++*position < pieces_.size();
  }

  size_t bytes() const {
    return pieces_.capacity() * sizeof(pieces_[0]) + pieces_there_ * sizeof(Piece);
  }

 private:
  static constexpr size_t kPiece = 4;
  using Piece = std::array<Share, kPiece>;

  std::vector<std::unique_ptr<Piece>> pieces_;
  size_t pieces_there_ = 0;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_SHARES_H_
