#include "engine/entry.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "engine/namespace_state.h"
#include "tests/engine/test_entries.h"
#include "trivet/options.h"

namespace trivet::engine {
namespace {

using testing::MakeEntry;

TEST(Entry, HoldsWhatTheDraftSays) {
  NamespaceState space(0, "users", {});
  const EntryPtr entry = MakeEntry({.space = &space,
                                    .hash = 77,
                                    .key = "42",
                                    .value = "json",
                                    .version = 5,
                                    .created = 100,
                                    .expires = 200,
                                    .idle = 30});
  EXPECT_EQ(entry->space(), &space);
  EXPECT_EQ(entry->hash(), 77u);
  EXPECT_EQ(entry->key(), "42");
  EXPECT_EQ(entry->value(), "json");
  EXPECT_EQ(entry->version, 5u);
  EXPECT_EQ(entry->created, 100u);
  EXPECT_EQ(entry->accessed, 100u);
  EXPECT_EQ(entry->expires, 200u);
  EXPECT_EQ(entry->idle(), 30u);
  EXPECT_TRUE(entry->tags().empty());
}

TEST(Entry, LivesForEverUnlessToldOtherwise) {
  const EntryPtr entry = MakeEntry(nullptr, 0, "k");
  EXPECT_EQ(entry->expires, kNever);
  EXPECT_EQ(entry->idle(), kNever);
}

TEST(Entry, CopiesItsBytes) {
  std::string key("a\0b", 3);
  std::string value("\xff\0", 2);
  const EntryPtr entry = MakeEntry(nullptr, 0, key, value);
  key.assign(3, 'x');
  value.assign(2, 'y');
  EXPECT_EQ(entry->key(), std::string_view("a\0b", 3));
  EXPECT_EQ(entry->value(), std::string_view("\xff\0", 2));
}

TEST(Entry, MayHoldAnEmptyValue) {
  const EntryPtr entry = MakeEntry(nullptr, 0, "k", "");
  EXPECT_EQ(entry->key(), "k");
  EXPECT_TRUE(entry->value().empty());
}

TEST(Entry, HasAnEmptyPlaceForEachTag) {
  const EntryPtr entry = MakeEntry(nullptr, 0, "key", "value", kTagsPerEntryMax);
  ASSERT_EQ(entry->tags().size(), kTagsPerEntryMax);
  for (const TagMembership& membership : entry->tags()) EXPECT_EQ(membership.group, nullptr);
  for (TagMembership& membership : entry->tags()) membership.position = 7;
  EXPECT_EQ(entry->key(), "key");
  EXPECT_EQ(entry->value(), "value");
}

TEST(Entry, ChargesForAllThatItTakes) {
  const size_t bare = MakeEntry(nullptr, 0, "k")->charge();
  EXPECT_GE(bare, sizeof(Entry) + 1);
  EXPECT_GE(MakeEntry(nullptr, 0, "k", std::string(1000, 'v'))->charge(), bare + 1000 - 16);
  EXPECT_GE(MakeEntry(nullptr, 0, "k", "", 10)->charge(), bare + 10 * sizeof(TagMembership) - 16);
  EXPECT_GE(MakeEntry(nullptr, 0, std::string(kKeyBytesMax, 'k'))->charge(), kKeyBytesMax);
}

}  // namespace
}  // namespace trivet::engine
