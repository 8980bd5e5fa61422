// What the memory tier should hold, as plainly as it can be said: a map, a list and the time.
#ifndef TRIVET_TESTS_SUPPORT_MODEL_MEMORY_H_
#define TRIVET_TESTS_SUPPORT_MODEL_MEMORY_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace trivet::testing {

// Milliseconds of elapsed time.
using Ms = int64_t;
inline constexpr Ms kForever = std::numeric_limits<Ms>::max();

// Rounds up, as TTLs do.
Ms CeilMs(absl::Duration duration);
absl::Duration FromMs(Ms ms);

// An entry by numbers: the strings belong to whoever drives the model.
struct Name {
  int space = 0;
  int key = 0;
  friend auto operator<=>(const Name&, const Name&) = default;
};

struct ModelEntry {
  std::string bytes;
  uint64_t serial = 0;  // of all that were installed
  uint64_t version = 0;
  Ms created = 0;
  Ms expires = kForever;
  Ms idle = kForever;
  Ms stamp = 0;              // the last read, as far as the idle TTL knows: see Use
  uint32_t tags = 0;         // a bit for each
  bool killed = false;       // by its tag, or with its namespace
  bool from_loader = false;  // the store knows nothing of it
};

// A dead entry stays until somebody erases it: when that is, is the cache's choice.
class ModelMemory {
 public:
  Ms now() const { return now_; }
  void SetNow(Ms now) { now_ = now; }

  bool IsExpired(const ModelEntry& entry) const;
  bool IsLive(const ModelEntry& entry) const { return !entry.killed && !IsExpired(entry); }

  // Null if there is none.
  ModelEntry* Find(Name name);
  ModelEntry* FindLive(Name name);

  // As the most recently used. REQUIRES: there is none of that name.
  void Install(Name name, ModelEntry entry);
  // REQUIRES: there is one.
  void Erase(Name name);

  // The entry was read. REQUIRES: there is one.
  void Use(Name name);

  void KillTag(int space, int tag);
  void KillSpace(int space);

  size_t size() const { return slots_.size(); }
  size_t SizeOf(int space) const;
  Name LeastRecentlyUsed() const { return by_use_.back(); }

  // Calls `visit(name, entry)` for each, the dead included.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const auto& [name, slot] : slots_) visit(name, slot.entry);
  }

 private:
  struct Slot {
    ModelEntry entry;
    std::list<Name>::iterator use;
  };

  Ms now_ = 0;
  uint64_t installed_ = 0;
  std::map<Name, Slot> slots_;
  std::list<Name> by_use_;  // the most recently used first
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_SUPPORT_MODEL_MEMORY_H_
