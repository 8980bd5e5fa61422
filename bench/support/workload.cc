#include "bench/support/workload.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <utility>

#include "bindings/cli/zipf.h"

namespace trivet::bench {
namespace {

constexpr double kSkew = 0.99;
constexpr uint64_t kSeed = 20261120;

}  // namespace

std::string_view NameOf(Distribution distribution) {
  switch (distribution) {
    case Distribution::kZipf:
      return "zipf";
    case Distribution::kUniform:
      return "uniform";
    case Distribution::kOneKey:
      return "one key";
  }
  return "";
}

KeySequence::KeySequence(size_t n, Distribution distribution) {
  std::mt19937_64 random(kSeed);
  drawn_.reserve(kDraws);
  switch (distribution) {
    case Distribution::kZipf: {
      std::vector<uint32_t> key_of_rank(n);
      std::iota(key_of_rank.begin(), key_of_rank.end(), 0U);
      std::shuffle(key_of_rank.begin(), key_of_rank.end(), random);
      const cli::Zipf zipf(n, kSkew);
      for (size_t i = 0; i < kDraws; ++i) drawn_.push_back(KeyOf(key_of_rank[zipf(random)]));
      break;
    }
    case Distribution::kUniform: {
      std::uniform_int_distribution<size_t> number(0, n - 1);
      for (size_t i = 0; i < kDraws; ++i) drawn_.push_back(KeyOf(number(random)));
      break;
    }
    case Distribution::kOneKey:
      drawn_.assign(kDraws, KeyOf(n / 2));
      break;
  }
}

const KeySequence& SequenceOf(const Workload& workload) {
  static std::map<std::pair<size_t, Distribution>, std::unique_ptr<KeySequence>> made;
  std::unique_ptr<KeySequence>& sequence = made[{workload.keys, workload.distribution}];
  if (sequence == nullptr) {
    sequence = std::make_unique<KeySequence>(workload.keys, workload.distribution);
  }
  return *sequence;
}

}  // namespace trivet::bench
