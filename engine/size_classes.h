// The sizes in which the arena hands out small blocks.
#ifndef TRIVET_ENGINE_SIZE_CLASSES_H_
#define TRIVET_ENGINE_SIZE_CLASSES_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace trivet::engine {

// Multiples of 16 bytes up to 256, then eight sizes for each doubling, up to 16 KiB: at most an
// eighth of a block is slack.
inline constexpr size_t kGranuleBytes = 16;
inline constexpr size_t kFineBytesMax = 256;
inline constexpr size_t kSmallBytesMax = 16 << 10;
inline constexpr size_t kFineClasses = kFineBytesMax / kGranuleBytes;
inline constexpr size_t kStepsPerDoubling = 8;
inline constexpr size_t kSizeClasses =
    kFineClasses + kStepsPerDoubling * (std::bit_width(kSmallBytesMax / kFineBytesMax) - 1);

// One class more, of blocks for tables: apart from entries, which can be moved together.
inline constexpr size_t kTableClass = kSizeClasses;
inline constexpr size_t kTableBytes = 512;
inline constexpr size_t kAllClasses = kSizeClasses + 1;

// REQUIRES: 0 < size <= kSmallBytesMax.
constexpr size_t SizeClassOf(size_t size) {
  if (size <= kFineBytesMax) return (size - 1) / kGranuleBytes;
  const size_t doubling = static_cast<size_t>(std::bit_width(size - 1)) - 1;  // 2^doubling < size
  const size_t step = (size - 1 - (size_t{1} << doubling)) >> (doubling - 3);
  return kFineClasses + (doubling - 8) * kStepsPerDoubling + step;
}

constexpr size_t SizeOfClass(size_t size_class) {
  if (size_class == kTableClass) return kTableBytes;
  if (size_class < kFineClasses) return (size_class + 1) * kGranuleBytes;
  const size_t doubling = 8 + (size_class - kFineClasses) / kStepsPerDoubling;
  const size_t step = (size_class - kFineClasses) % kStepsPerDoubling;
  return (size_t{1} << doubling) + (step + 1) * (size_t{1} << (doubling - 3));
}

// The same, looked up.
inline constexpr std::array<uint16_t, kAllClasses> kBytesOfClass = [] {
  std::array<uint16_t, kAllClasses> bytes{};
  for (size_t i = 0; i < kAllClasses; ++i) bytes[i] = static_cast<uint16_t>(SizeOfClass(i));
  return bytes;
}();

static_assert(kSmallBytesMax <= UINT16_MAX);
static_assert(SizeClassOf(kSmallBytesMax) == kSizeClasses - 1);
static_assert(SizeOfClass(kSizeClasses - 1) == kSmallBytesMax);
static_assert(SizeOfClass(SizeClassOf(257)) == 288);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_SIZE_CLASSES_H_
