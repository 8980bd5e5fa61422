#include "bindings/cli/demo_value.h"

#include <algorithm>
#include <cstring>

namespace trivet::cli {
namespace {

// | row | sequence | checksum of all else | filling ... |, 8 bytes each but the last.
constexpr size_t kSequenceAt = 8;
constexpr size_t kChecksumAt = 16;
constexpr size_t kHeaderBytes = 24;

uint64_t Mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

uint64_t Load(const char* bytes, size_t size) {
  uint64_t number = 0;
  std::memcpy(&number, bytes, size);
  return number;
}

uint64_t Checksum(uint64_t row, uint64_t sequence, std::string_view filling) {
  uint64_t sum = Mix(row) ^ Mix(sequence + filling.size());
  while (!filling.empty()) {
    const size_t step = std::min<size_t>(8, filling.size());
    sum = (sum ^ Load(filling.data(), step)) * 0x9FB21C651E98DF25;
    sum ^= sum >> 32;
    filling.remove_prefix(step);
  }
  return sum;
}

}  // namespace

size_t DemoValueBytes(uint64_t row) { return 64 + Mix(row) % 448; }

void EncodeDemoValue(uint64_t row, uint64_t sequence, std::string* value) {
  value->resize(DemoValueBytes(row));
  char* const bytes = value->data();
  const uint64_t seed = Mix(row) + sequence;
  for (size_t at = kHeaderBytes; at < value->size(); at += 8) {
    const uint64_t word = Mix(seed + at);
    std::memcpy(bytes + at, &word, std::min<size_t>(8, value->size() - at));
  }
  const std::string_view filling = std::string_view(*value).substr(kHeaderBytes);
  const uint64_t checksum = Checksum(row, sequence, filling);
  std::memcpy(bytes, &row, 8);
  std::memcpy(bytes + kSequenceAt, &sequence, 8);
  std::memcpy(bytes + kChecksumAt, &checksum, 8);
}

std::optional<uint64_t> DecodeDemoValue(uint64_t row, std::string_view value) {
  if (value.size() != DemoValueBytes(row) || Load(value.data(), 8) != row) return std::nullopt;
  const uint64_t sequence = Load(value.data() + kSequenceAt, 8);
  const uint64_t checksum = Checksum(row, sequence, value.substr(kHeaderBytes));
  if (Load(value.data() + kChecksumAt, 8) != checksum) return std::nullopt;
  return sequence;
}

}  // namespace trivet::cli
