// Takes the steps of kill_script.h, from a given number on, and writes the number of each step that
// was acknowledged to the standard output (8 bytes each), until it is killed. Through a cache with
// a store, or through the store alone, where each step is in the change log until after the next
// one.
//
//   kill_writer_main cache|log FILE FIRST_STEP
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/kill_script.h"
#include "trivet/cache.h"
#include "trivet/open.h"
#include "trivet/sqlite_backing.h"

namespace {

using trivet::testing::KillScriptStep;
using trivet::testing::KillScriptStepOf;

std::vector<std::string_view> KeysOf(const KillScriptStep& step) {
  return {step.keys.begin(), step.keys.end()};
}

absl::Status TakeInCache(uint64_t number, trivet::Namespace& space) {
  const KillScriptStep step = KillScriptStepOf(number);
  if (step.deletes) return space.MDelete(KeysOf(step)).status();
  std::vector<trivet::Namespace::Item> items;
  for (const std::string& key : step.keys) items.push_back({.key = key, .value = step.value});
  return space.MSet(items).status();
}

absl::Status TakeLogged(uint64_t number, trivet::Backing& store) {
  const auto logged_before = store.ReadChangeLog(1000);
  if (!logged_before.ok()) return logged_before.status();
  const KillScriptStep step = KillScriptStepOf(number);
  const uint64_t ticket = trivet::testing::KillScriptTicketOf(number);
  absl::Status taken;
  if (step.deletes) {
    taken = store.Delete("script", KeysOf(step), ticket).status();
  } else {
    std::vector<trivet::StoreWrite> writes;
    for (const std::string& key : step.keys) writes.push_back({.key = key, .value = step.value});
    taken = store.Write("script", writes, ticket).status();
  }
  if (!taken.ok()) return taken;
  std::vector<uint64_t> tickets;
  for (const trivet::LoggedChange& change : *logged_before) tickets.push_back(change.ticket);
  return store.TrimChangeLog(tickets);
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "kill_writer_main: %s\n", status.ToString().c_str());
  return 1;
}

int Run(uint64_t number, const std::function<absl::Status(uint64_t)>& take) {
  for (;; ++number) {
    if (const absl::Status status = take(number); !status.ok()) return Fail(status);
    if (write(STDOUT_FILENO, &number, sizeof(number)) != sizeof(number)) return 3;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string file = argv[2];
  const uint64_t first = std::strtoull(argv[3], nullptr, 10);
  if (argv[1] == std::string("log")) {
    auto store = trivet::OpenSqlite({.path = file});
    if (!store.ok()) return Fail(store.status());
    return Run(first, [&](uint64_t number) { return TakeLogged(number, **store); });
  }
  auto cache = trivet::Open({.memory_bytes = 1 << 20, .store = "sqlite:" + file});
  if (!cache.ok()) return Fail(cache.status());
  trivet::Namespace space = (*cache)->In("script");
  return Run(first, [&](uint64_t number) { return TakeInCache(number, space); });
}
