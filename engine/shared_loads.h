// The loads of a batch, or of one key, as the shared tier sees them.
#ifndef TRIVET_ENGINE_SHARED_LOADS_H_
#define TRIVET_ENGINE_SHARED_LOADS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/memory_loads.h"
#include "engine/shared_space.h"

namespace trivet::engine {

// Asks the shared tier for the keys, or claims the right to fill them; then the truth may be read;
// then Fill. In that order: what was read before the claim may be over without the claim knowing.
//
// A tier that does not answer, or may not be asked, is gone past, and then nothing is kept: nobody
// would say when it is over.
class SharedLoads {
 public:
  // `space` null: the namespace is not shared, all this does nothing. The loads go past a part that
  // was not proven since `not_before`. A flight may be left out with Skip.
  SharedLoads(SharedSpace* space, std::span<LoadFlight* const> flights, absl::Duration not_before);
  SharedLoads(const SharedLoads&) = delete;
  SharedLoads& operator=(const SharedLoads&) = delete;
  // Gives claims back that were not filled.
  ~SharedLoads();

  // This flight goes past the shared tier. REQUIRES: before Ask.
  void Skip(size_t index);

  // Looks for all keys, one command for each part and another one for what is dead there, and waits
  // a little for those that others load.
  void Ask();

  // What the shared tier had. nullopt: ask the truth.
  std::optional<LoadedValue>& found(size_t index) { return loads_[index].found; }

  // What the truth has, for each load or null where it has nothing, or was not asked. Says in
  // LoadedValue::keep whether memory may keep it. One command for each part.
  void Fill(std::span<LoadedValue* const> loaded);

 private:
  struct Load {
    LoadFlight* flight = nullptr;
    uint32_t part = 0;
    uint64_t token = 0;
    bool asks = true;
    // The claim, if there is one: where it is, and the birth of what it will bring.
    std::optional<SharedPart> claim = std::nullopt;
    uint64_t birth = 0;
    std::optional<LoadedValue> found = std::nullopt;
  };

  // Looks for those that still ask. True: somebody else holds a claim, a value may come.
  bool Look();
  void LookIn(const SharedPart& part, std::span<Load* const> loads);
  // What was found, but not dead.
  void Take(const SharedPart& part, uint64_t sequence, absl::Duration asked, SharedFound& found,
            Load& load);
  // Of loads that found something dead: the claims instead of it.
  void ClaimOver(const SharedPart& part, std::span<const SharedClaim> claims,
                 std::span<Load* const> loads);

  // What goes to the shared tier in place of a claim.
  struct Ready {
    Load* load;
    SharedWrite write;
    LoadedValue* loaded = nullptr;  // whose `keep` is to be set; null: a claim is given back
  };
  void Store(std::vector<Ready> ready);
  void StoreIn(const SharedPart& part, std::span<const Ready> ready);

  SharedSpace* const space_;
  const absl::Duration not_before_;
  std::vector<Load> loads_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_SHARED_LOADS_H_
