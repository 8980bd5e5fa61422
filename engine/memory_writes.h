// Writes that go through to the store: one at a time per key, and what memory does when the store
// has answered.
#ifndef TRIVET_ENGINE_MEMORY_WRITES_H_
#define TRIVET_ENGINE_MEMORY_WRITES_H_

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/memory_tier.h"

namespace trivet::engine {

// Opens the write flight of a key. A second writer of the key waits for the first, until `deadline`
// (of Clock::Elapsed), then gets DeadlineExceeded. While the flight is open, loads of the key go
// past it and keep nothing; the entry in memory, if there is one, stays and is served: the write
// has not happened yet.
absl::StatusOr<std::shared_ptr<WriteFlight>> StartWrite(MemoryTier& memory, const KeyRef& key,
                                                        absl::Duration deadline);

// The ways a write flight ends. Each closes it, lets the next writer go on, and fences the loads of
// the key that began before.

// The store did not change: memory stays as it is.
void AbandonWrite(MemoryTier& memory, WriteFlight& flight);

// The store holds `value` now. Memory takes it too, unless something fenced the write meanwhile, a
// newer version was told of, or it does not fit; then memory lets go of what it had. Not
// `may_keep`: others were not told, so that memory would not be told by them either.
void FinishWrite(MemoryTier& memory, WriteFlight& flight, const NewValue& value, bool may_keep);

// The store has no such row now (kExplicit), or may have changed in a way that is not known
// (kInvalidated). Returns what memory had.
std::optional<Value> FinishWriteWithNothing(MemoryTier& memory, WriteFlight& flight,
                                            RemovalCause cause);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_MEMORY_WRITES_H_
