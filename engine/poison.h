// Tells AddressSanitizer which memory is free: it knows only what malloc hands out.
#ifndef TRIVET_ENGINE_POISON_H_
#define TRIVET_ENGINE_POISON_H_

#include <algorithm>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace trivet::engine {

#if defined(__SANITIZE_ADDRESS__)
// Only the beginning of what is very large: an eighth of it would be written.
inline void Poison(const void* memory, size_t bytes) {
  __asan_poison_memory_region(memory, std::min(bytes, size_t{1} << 20));
}
inline void Unpoison(const void* memory, size_t bytes) {
  __asan_unpoison_memory_region(memory, bytes);
}
#else
// Nothing, without the sanitizer.
inline void Poison(const void*, size_t) {}
inline void Unpoison(const void*, size_t) {}
#endif

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_POISON_H_
