#include "engine/entry.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/engine/test_entries.h"
#include "trivet/options.h"

namespace trivet::engine {
namespace {

using testing::MakeEntry;

TEST(Entry, HoldsWhatTheDraftSays) {
  const EntryPtr entry = MakeEntry({.space_id = 77,
                                    .key = "42",
                                    .value = "json",
                                    .version = 5,
                                    .created = 100,
                                    .expires = 200,
                                    .idle = 30});
  EXPECT_EQ(entry->space_id(), 77u);
  EXPECT_EQ(entry->key(), "42");
  EXPECT_EQ(entry->value(), "json");
  EXPECT_EQ(entry->version(), 5u);
  EXPECT_EQ(entry->created(), 100u);
  EXPECT_EQ(entry->accessed(), 100u);
  EXPECT_EQ(entry->expires(), 200u);
  EXPECT_EQ(entry->idle(), 30u);
  EXPECT_TRUE(entry->tags().empty());
}

TEST(Entry, LivesForEverUnlessToldOtherwise) {
  const EntryPtr entry = MakeEntry("k");
  EXPECT_EQ(entry->expires(), kNever);
  EXPECT_EQ(entry->idle(), kNever);
}

TEST(Entry, HoldsEveryPartWithAndWithoutTheOthers) {
  for (const size_t tags : {size_t{0}, size_t{1}, kTagsPerEntryMax}) {
    for (const Millis idle : {kNever, Millis{30}}) {
      for (const bool versioned : {false, true}) {
        const EntryPtr entry = MakeEntry({.key = "key",
                                          .value = "value",
                                          .tag_count = tags,
                                          .versioned = versioned,
                                          .version = 5,
                                          .created = 100,
                                          .idle = idle});
        for (TagMembership& membership : entry->tags()) membership = {~0u, ~0u};
        entry->SetVersion(6);
        if (idle != kNever) entry->SetAccessed(101);
        entry->SetExpires(400);
        EXPECT_EQ(entry->tags().size(), tags);
        EXPECT_EQ(entry->idle(), idle);
        EXPECT_EQ(entry->version(), versioned ? 6u : 0u);
        EXPECT_EQ(entry->created(), versioned ? 100u : 0u);
        EXPECT_EQ(entry->expires(), 400u);
        EXPECT_EQ(entry->key(), "key");
        EXPECT_EQ(entry->value(), "value");
        const EntryPtr copy(Entry::Copy(testing::TestArena(), *entry),
                            EntryDeleter{&testing::TestArena()});
        EXPECT_EQ(copy->version(), entry->version());
        EXPECT_EQ(copy->expires(), 400u);
        EXPECT_EQ(copy->idle(), idle);
        if (idle != kNever) {
          EXPECT_EQ(copy->accessed(), 101u);
        }
        EXPECT_EQ(copy->tags().size(), tags);
        EXPECT_EQ(copy->value(), "value");
      }
    }
  }
}

TEST(Entry, ExpiresAtAnyMillisecondOfThousandsOfYearsOrNever) {
  const EntryPtr entry = MakeEntry(std::string(kKeyBytesMax, 'k'));
  for (const Millis expires : {Millis{0}, Millis{1}, (Millis{1} << 47) - 1, kNever}) {
    entry->SetExpires(expires);
    EXPECT_EQ(entry->expires(), expires);
    EXPECT_EQ(entry->has_ttl(), expires != kNever);
    EXPECT_EQ(entry->key().size(), kKeyBytesMax);
  }
  entry->SetExpires(Millis{1} << 47);
  EXPECT_EQ(entry->expires(), (Millis{1} << 47) - 1) << "the last one there is";
}

TEST(Entry, CopiesItsBytes) {
  std::string key("a\0b", 3);
  std::string value("\xff\0", 2);
  const EntryPtr entry = MakeEntry(key, value);
  key.assign(3, 'x');
  value.assign(2, 'y');
  EXPECT_EQ(entry->key(), std::string_view("a\0b", 3));
  EXPECT_EQ(entry->value(), std::string_view("\xff\0", 2));
}

TEST(Entry, MayHoldAnEmptyValue) {
  const EntryPtr entry = MakeEntry("k", "");
  EXPECT_EQ(entry->key(), "k");
  EXPECT_TRUE(entry->value().empty());
}

TEST(Entry, HasAnEmptyPlaceForEachTag) {
  const EntryPtr entry = MakeEntry("key", "value", kTagsPerEntryMax);
  ASSERT_EQ(entry->tags().size(), kTagsPerEntryMax);
  for (const TagMembership& membership : entry->tags()) EXPECT_EQ(membership.group, 0u);
  for (TagMembership& membership : entry->tags()) membership.position = 7;
  EXPECT_EQ(entry->key(), "key");
  EXPECT_EQ(entry->value(), "value");
}

TEST(Entry, ChargesForAllThatItTakes) {
  const size_t bare = MakeEntry("k")->charge();
  EXPECT_GE(bare, sizeof(Entry) + 1);
  EXPECT_GE(MakeEntry("k", std::string(1000, 'v'))->charge(), bare + 1000 - 16);
  EXPECT_GE(MakeEntry("k", "", 10)->charge(), bare + 10 * sizeof(TagMembership) - 16);
  EXPECT_GE(MakeEntry(std::string(kKeyBytesMax, 'k'))->charge(), kKeyBytesMax);
}

}  // namespace
}  // namespace trivet::engine
