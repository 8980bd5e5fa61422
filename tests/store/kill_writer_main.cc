// Takes the steps of kill_script.h through a cache with a store, from a given number on, and writes
// the number of each step that was acknowledged to the standard output (8 bytes each), until it is
// killed.
//
//   kill_writer_main FILE FIRST_STEP
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/kill_script.h"
#include "trivet/cache.h"
#include "trivet/open.h"

namespace {

using trivet::testing::KillScriptStep;

absl::Status Take(const KillScriptStep& step, trivet::Namespace& space) {
  if (step.deletes) {
    const std::vector<std::string_view> keys(step.keys.begin(), step.keys.end());
    return space.MDelete(keys).status();
  }
  std::vector<trivet::Namespace::Item> items;
  for (const std::string& key : step.keys) items.push_back({.key = key, .value = step.value});
  return space.MSet(items).status();
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "kill_writer_main: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto cache = trivet::Open({.memory_bytes = 1 << 20, .store = std::string("sqlite:") + argv[1]});
  if (!cache.ok()) return Fail(cache.status());
  trivet::Namespace space = (*cache)->In("script");
  for (uint64_t number = std::strtoull(argv[2], nullptr, 10);; ++number) {
    const absl::Status status = Take(trivet::testing::KillScriptStepOf(number), space);
    if (!status.ok()) return Fail(status);
    if (write(STDOUT_FILENO, &number, sizeof(number)) != sizeof(number)) return 3;
  }
}
