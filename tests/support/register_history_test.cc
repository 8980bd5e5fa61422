#include "tests/support/register_history.h"

#include <gtest/gtest.h>

#include <vector>

namespace trivet::testing {
namespace {

using Kind = RegisterOp::Kind;

RegisterOp Set(uint64_t begin, uint64_t end, uint64_t value) {
  return {.kind = Kind::kSet,
          .begin = begin,
          .end = end,
          .argument = value,
          .applied = true,
          .version = value};
}
RegisterOp Read(uint64_t begin, uint64_t end, uint64_t value) {
  return {.kind = Kind::kRead, .begin = begin, .end = end, .value = value};
}
RegisterOp Look(uint64_t begin, uint64_t end, uint64_t value) {
  return {.kind = Kind::kLook, .begin = begin, .end = end, .value = value};
}
RegisterOp Remove(uint64_t begin, uint64_t end, uint64_t value) {
  return {.kind = Kind::kRemove, .begin = begin, .end = end, .value = value};
}
RegisterOp SetIfAbsent(uint64_t begin, uint64_t end, uint64_t value, bool applied) {
  RegisterOp op = Set(begin, end, value);
  op.kind = Kind::kSetIfAbsent;
  op.applied = applied;
  return op;
}

struct Case {
  const char* what;
  bool is_linearizable;
  std::vector<RegisterOp> ops;
  RegisterRules rules = {};
};

TEST(RegisterHistory, IsJudged) {
  const Case cases[] = {
      {"nothing", true, {}},
      {"what was set is read", true, {Set(1, 2, 7), Read(3, 4, 7)}},
      {"what was never set is read", false, {Set(1, 2, 7), Read(3, 4, 8)}},
      {"a set is forgotten", false, {Set(1, 2, 7), Read(3, 4, 0)}},
      {"a set is evicted", true, {Set(1, 2, 7), Read(3, 4, 0)}, {.may_lose = true}},
      {"a mortal set expires", true, {Set(1, 2, 6), Read(3, 4, 0)}, {.may_expire = true}},
      {"another one does", false, {Set(1, 2, 7), Read(3, 4, 0)}, {.may_expire = true}},
      {"what expired comes back",
       false,
       {Set(1, 2, 6), Read(3, 4, 0), Read(5, 6, 6)},
       {.may_expire = true}},
      {"what was evicted comes back",
       false,
       {Set(1, 2, 7), Read(3, 4, 0), Read(5, 6, 7)},
       {.may_lose = true}},
      {"a read during a set sees the old", true, {Set(1, 10, 7), Read(2, 3, 0), Read(4, 5, 7)}},
      {"a read during a set sees the new, then the old",
       false,
       {Set(1, 10, 7), Read(2, 3, 7), Read(4, 5, 0)}},
      {"an older value comes back",
       false,
       {Set(1, 2, 7), Set(3, 4, 8), Read(5, 6, 8), Read(7, 8, 7)}},
      {"two sets at a time, one order for all readers",
       false,
       {Set(1, 10, 7), Set(2, 9, 8), Read(11, 12, 7), Read(13, 14, 8)}},
      {"one value is taken twice", false, {Set(1, 2, 7), Remove(3, 6, 7), Remove(4, 5, 7)}},
      {"one value is taken once", true, {Set(1, 2, 7), Remove(3, 6, 7), Remove(4, 5, 0)}},
      {"two were the first", false, {SetIfAbsent(1, 4, 7, true), SetIfAbsent(2, 3, 8, true)}},
      {"a look misses what is there", false, {Set(1, 2, 7), Look(3, 4, 0)}},
      {"a look need not find it, a read must",
       true,
       {Set(1, 2, 7), Look(3, 4, 0), Read(5, 6, 7)},
       {.look_may_miss = true}},
      {"a look finds what was removed",
       false,
       {Set(1, 2, 7), Remove(3, 4, 7), Look(5, 6, 7)},
       {.look_may_miss = true}},
      {"versions go back", false, {Set(1, 2, 7), Set(3, 4, 5)}},
      {"a value outlives its tag",
       false,
       {Set(1, 2, 7),
        {.kind = Kind::kDropTagged, .begin = 3, .end = 4, .argument = 1},
        Read(5, 6, 7)}},
      {"a value does not mind the tag of another",
       true,
       {Set(1, 2, 7),
        {.kind = Kind::kDropTagged, .begin = 3, .end = 4, .argument = 2},
        Read(5, 6, 7)}},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(IsLinearizable(one.ops, {}, one.rules), one.is_linearizable) << one.what;
  }
}

TEST(RegisterHistory, BeginsWithTheInitialState) {
  EXPECT_TRUE(IsLinearizable({Read(1, 2, 7)}, {.value = 7}, {}));
  EXPECT_FALSE(IsLinearizable({Read(1, 2, 0)}, {.value = 7}, {}));
}

}  // namespace
}  // namespace trivet::testing
