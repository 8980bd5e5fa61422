#include "engine/untold_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace trivet::engine {
namespace {

using Kind = SharedRecord::Kind;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

SharedRecord Key(std::string name, uint64_t version = 0) {
  return {.kind = Kind::kKey, .version = version, .token = 0, .name = std::move(name)};
}

SharedRecord Tag(std::string name) { return {.kind = Kind::kTag, .name = std::move(name)}; }

const SharedRecord kAllIsOver{.kind = Kind::kClear};

class UntoldChangesTest : public ::testing::Test {
 protected:
  bool Add(const SharedRecord& change) { return untold_.Add({&change, 1}); }

  UntoldChanges untold_;
};

TEST_F(UntoldChangesTest, EachChangeIsKeptOnce) {
  EXPECT_TRUE(untold_.empty());
  Add(Key("a"));
  Add(Tag("a"));
  Add(Key("a"));
  EXPECT_EQ(untold_.size(), 2U);
  EXPECT_THAT(untold_.All().changes, UnorderedElementsAre(Key("a"), Tag("a")));
}

TEST_F(UntoldChangesTest, TheFirstOneIsSaidToBe) {
  EXPECT_TRUE(Add(Key("a")));
  EXPECT_FALSE(Add(Key("b")));
  EXPECT_FALSE(Add(Key("a")));
  untold_.Remove(untold_.All());
  EXPECT_TRUE(Add(Key("a")));
}

TEST_F(UntoldChangesTest, TheNewestVersionCounts) {
  Add(Key("a", 5));
  Add(Key("a", 7));
  Add(Key("a", 6));
  EXPECT_THAT(untold_.All().changes, ElementsAre(Key("a", 7)));
}

TEST_F(UntoldChangesTest, AnUnknownVersionIsNewerThanAny) {
  Add(Key("a", 5));
  Add(Key("a"));
  Add(Key("a", 9));
  EXPECT_THAT(untold_.All().changes, ElementsAre(Key("a", 0)));
}

TEST_F(UntoldChangesTest, AClearStandsForAllElse) {
  Add(Key("a", 5));
  Add(kAllIsOver);
  Add(Tag("t"));
  EXPECT_THAT(untold_.All().changes, ElementsAre(kAllIsOver));
}

TEST_F(UntoldChangesTest, APatternBecomesAClear) {
  Add(Key("a"));
  Add({.kind = Kind::kPattern, .name = "b*"});
  EXPECT_THAT(untold_.All().changes, ElementsAre(kAllIsOver));
}

TEST_F(UntoldChangesTest, TooManyBecomeAClear) {
  for (size_t i = 0; i < UntoldChanges::kUntoldMax; ++i) Add(Key("k" + std::to_string(i)));
  Add(Key("k0"));
  EXPECT_EQ(untold_.size(), UntoldChanges::kUntoldMax);
  Add(Key("one more"));
  EXPECT_THAT(untold_.All().changes, ElementsAre(kAllIsOver));
}

TEST_F(UntoldChangesTest, WhatWasToldGoes) {
  Add(Key("a"));
  untold_.Remove(untold_.All());
  EXPECT_TRUE(untold_.empty());
}

TEST_F(UntoldChangesTest, WhatHappenedAgainMeanwhileStays) {
  Add(Key("a"));
  Add(Key("b"));
  const UntoldChanges::Batch batch = untold_.All();
  Add(Key("a"));
  Add(Key("c"));
  untold_.Remove(batch);
  EXPECT_THAT(untold_.All().changes, UnorderedElementsAre(Key("a"), Key("c")));
}

TEST_F(UntoldChangesTest, AClearMeanwhileStays) {
  Add(Key("a"));
  const UntoldChanges::Batch batch = untold_.All();
  Add(kAllIsOver);
  untold_.Remove(batch);
  EXPECT_THAT(untold_.All().changes, ElementsAre(kAllIsOver));
}

}  // namespace
}  // namespace trivet::engine
