// Entries for tests of the units that hold them.
#ifndef TRIVET_TESTS_ENGINE_TEST_ENTRIES_H_
#define TRIVET_TESTS_ENGINE_TEST_ENTRIES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/arena.h"
#include "engine/entry.h"
#include "engine/namespace_state.h"

namespace trivet::testing {

// Where the entries of tests lie. Never destroyed.
inline engine::Arena& TestArena() {
  static auto* const arena = new engine::Arena(false);
  return *arena;
}

inline engine::EntryPtr MakeEntry(const engine::EntryDraft& draft) {
  return {engine::Entry::Create(TestArena(), draft), engine::EntryDeleter{&TestArena()}};
}

inline engine::EntryPtr MakeEntry(std::string_view key, std::string_view value = "",
                                  size_t tag_count = 0) {
  return MakeEntry({.key = key, .value = value, .tag_count = tag_count});
}

}  // namespace trivet::testing

#endif  // TRIVET_TESTS_ENGINE_TEST_ENTRIES_H_
