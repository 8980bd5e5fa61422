// Which keys the calling thread is loading right now.
#ifndef TRIVET_ENGINE_ACTIVE_LOADS_H_
#define TRIVET_ENGINE_ACTIVE_LOADS_H_

#include <string_view>

namespace trivet::engine {

class NamespaceState;

// Lives while a loader runs, on the stack of its thread. A loader that asks for a key whose load it
// is part of would wait for itself: Contains tells.
class ActiveLoad {
 public:
  // `key` outlives this object.
  ActiveLoad(const NamespaceState* space, std::string_view key);
  ActiveLoad(const ActiveLoad&) = delete;
  ActiveLoad& operator=(const ActiveLoad&) = delete;
  ~ActiveLoad();

  static bool Contains(const NamespaceState* space, std::string_view key);

  // For simulations that run many "threads" on one: gives the thread another one's loads, and
  // returns its own.
  static const ActiveLoad* Exchange(const ActiveLoad* innermost);

 private:
  const NamespaceState* const space_;
  const std::string_view key_;
  const ActiveLoad* const outer_;
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_ACTIVE_LOADS_H_
