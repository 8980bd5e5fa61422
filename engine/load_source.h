// Where a read finds what no tier has.
#ifndef TRIVET_ENGINE_LOAD_SOURCE_H_
#define TRIVET_ENGINE_LOAD_SOURCE_H_

#include "trivet/live_object.h"
#include "trivet/load.h"

namespace trivet::engine {

// The loader of a GetOrLoad. One that makes objects leaves the object in `*object`, and returns
// empty bytes for it.
struct LoadSource {
  Loader load;
  LiveObject* object = nullptr;  // null: a loader of bytes
};

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_LOAD_SOURCE_H_
