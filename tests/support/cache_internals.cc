#include "tests/support/cache_internals.h"

#include <memory>

#include "engine/core.h"

namespace trivet::testing {
namespace {

// An explicit instantiation may name a private member (C++20, [temp.spec.general]/6). That is our
// way in: the public header needs no word about tests.
template <auto kMember>
struct WayIn {
  friend engine::Core& CoreOf(Cache& cache) { return *(cache.*kMember); }
};
template struct WayIn<&Cache::core_>;
engine::Core& CoreOf(Cache& cache);

}  // namespace

void CheckInvariants(Cache& cache) { CoreOf(cache).memory().CheckInvariants(); }

size_t MappedBytes(Cache& cache) { return CoreOf(cache).memory().mapped_bytes(); }

size_t PageBytes(Cache& cache) { return CoreOf(cache).memory().page_bytes(); }

}  // namespace trivet::testing
