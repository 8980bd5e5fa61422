// The bytes of an input, taken one after the other to choose what a fuzz target does.
#ifndef TRIVET_TESTS_FUZZ_FUZZ_INPUT_H_
#define TRIVET_TESTS_FUZZ_FUZZ_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace trivet::testing {

class FuzzInput {
 public:
  explicit FuzzInput(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }

  // Zeros when there are no more.
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

  // Of so many bytes, the lowest first.
  uint64_t Number(int bytes) {
    uint64_t number = 0;
    for (int i = 0; i < bytes; ++i) number |= uint64_t{Byte()} << 8 * i;
    return number;
  }

 private:
  std::span<const uint8_t> bytes_;
};

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_FUZZ_FUZZ_INPUT_H_
