// What the processes of a chaos run know of each other: a page of memory that all of them share.
#ifndef TRIVET_TESTS_LIVE_CHAOS_BOARD_H_
#define TRIVET_TESTS_LIVE_CHAOS_BOARD_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace trivet::testing {

// The two kinds of truth: rows of the cache's own store, and a table of the program's.
enum class ChaosSpace : size_t { kUsers = 0, kPages = 1 };
inline constexpr size_t kChaosSpaces = 2;
inline constexpr size_t kChaosKeys = 256;
inline constexpr size_t kChaosGroups = 32;  // of pages; each is a tag
inline constexpr size_t kChaosProcessesMax = 32;
inline constexpr size_t kChaosLedgers = 4;  // each with a lock
inline constexpr absl::Duration kChaosLease = absl::Milliseconds(500);

// A number per key of both kinds.
using ChaosVersions = std::array<std::atomic<uint64_t>, kChaosSpaces * kChaosKeys>;
inline size_t ChaosCell(ChaosSpace space, size_t key) {
  return static_cast<size_t>(space) * kChaosKeys + key;
}
void RaiseTo(std::atomic<uint64_t>& number, uint64_t to);

// All zero at first. Lies in memory that several processes map.
struct ChaosBoard {
  // The newest version whose change has returned, or, where a logged row says so too, committed.
  ChaosVersions acknowledged;
  // Those among them of which the shared tier was told by then.
  ChaosVersions applied;
  // The same, of a process. It begins again with every process in that place.
  std::array<ChaosVersions, kChaosProcessesMax> own;
  // What was applied before the bound, or acknowledged before that and what the relay may take:
  // nothing older may be read any more.
  ChaosVersions floor;
  // Of the final look: what must be read.
  ChaosVersions truth;
  // The newest token that a ledger was written with, and the process that holds its lock: its
  // number plus one, 0 for nobody, and only nearly right.
  std::array<std::atomic<uint64_t>, kChaosLedgers> fence;
  std::array<std::atomic<uint32_t>, kChaosLedgers> holder;

  // kQuiet: everybody stops, and comes to rest. kFinal: everybody looks at everything.
  enum Phase : uint32_t { kRunning, kQuiet, kFinal };
  std::atomic<uint32_t> phase;
  std::atomic<uint32_t> ready;           // processes that have opened their cache
  std::atomic<uint32_t> quiet;           // processes that have stopped
  std::atomic<uint32_t> loader_trouble;  // loaders are slow, or fail

  std::atomic<uint64_t> reads;
  std::atomic<uint64_t> from_memory;
  std::atomic<uint64_t> from_shared;
  std::atomic<uint64_t> read_errors;
  std::atomic<uint64_t> writes;
  std::atomic<uint64_t> deferred;
  std::atomic<uint64_t> write_errors;
  std::atomic<uint64_t> locks;       // acquired
  std::atomic<uint64_t> fenced_out;  // writes of those who had lost theirs
  // Violations.
  std::atomic<uint64_t> too_old;
  std::atomic<uint64_t> own_missing;
  std::atomic<uint64_t> diverged;
  std::atomic<uint64_t> not_served;
  std::atomic<uint64_t> fence_breached;

  uint64_t violations() const {
    return too_old + own_missing + diverged + not_served + fence_breached;
  }
};

// Makes a board, and gives the file by which other processes find it; they inherit it.
ChaosBoard* NewChaosBoard(int* file);
ChaosBoard* OpenChaosBoard(int file);

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_LIVE_CHAOS_BOARD_H_
