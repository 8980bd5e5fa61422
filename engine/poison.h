// Tells AddressSanitizer which memory is free: it knows only what malloc hands out.
#ifndef TRIVET_ENGINE_POISON_H_
#define TRIVET_ENGINE_POISON_H_

#include <cstddef>

#if defined(__has_feature)  // Clang's way to ask
#if __has_feature(address_sanitizer)
#define TRIVET_POISONS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)  // and GCC's
#define TRIVET_POISONS 1
#endif

#if defined(TRIVET_POISONS)
#include <sanitizer/asan_interface.h>
#endif

namespace trivet::engine {

// Free blocks of slabs; not larger ones, of whose bytes an eighth would be written each time. They
// do nothing without the sanitizer.
#if defined(TRIVET_POISONS)
inline void Poison(const void* memory, size_t bytes) { __asan_poison_memory_region(memory, bytes); }
inline void Unpoison(const void* memory, size_t bytes) {
  __asan_unpoison_memory_region(memory, bytes);
}
#else
inline void Poison(const void*, size_t) {}
inline void Unpoison(const void*, size_t) {}
#endif

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_POISON_H_
