// Numbers as bytes, the lowest first, and the other way round.
#ifndef TRIVET_SYNC_LITTLE_ENDIAN_H_
#define TRIVET_SYNC_LITTLE_ENDIAN_H_

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace trivet::sync {

template <std::unsigned_integral Number>
void AppendNumber(Number number, std::string& bytes) {
  for (size_t i = 0; i < sizeof(Number); ++i) {
    bytes.push_back(static_cast<char>(number >> (8 * i) & 0xFF));
  }
}

// REQUIRES: there are so many bytes behind `offset`.
template <std::unsigned_integral Number>
Number NumberAt(std::string_view bytes, size_t offset) {
  Number number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    number |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[offset + i]))
                                  << (8 * i));
  }
  return number;
}

}  // namespace trivet::sync

#endif  // TRIVET_SYNC_LITTLE_ENDIAN_H_
